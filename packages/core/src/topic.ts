/** The patterns of topic exchanges, as AMQP has them: words are joined by dots, `*` stands for one word, `#` for none or more. */
import { gap, meets, type Place } from "./wildcards.ts";

const anyWord = () => true;

export function matchesTopic(pattern: string, routingKey: string): boolean {
  return meets(words(pattern).map(placeOf), words(routingKey));
}

function placeOf(word: string): Place {
  if (word === "#") return gap;
  return word === "*" ? anyWord : word;
}

function words(text: string): readonly string[] {
  return text === "" ? [] : text.split(".");
}
