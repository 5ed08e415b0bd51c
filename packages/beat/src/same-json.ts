/** Whether two values would be the same JSON, whatever the order of their members. Writes no text for it: a beat compares a hundred thousand at its start. Pure. */

export function isSameJson(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) return false;
  if (Array.isArray(one))
    return Array.isArray(other) && one.length === other.length && one.every((each, at) => isSameJson(each, other[at]));
  if (Array.isArray(other)) return false;
  let count = 0;
  for (const name in one) {
    if (!Object.hasOwn(other, name) || !isSameJson(one[name as keyof object], other[name as keyof object])) return false;
    count++;
  }
  for (const _ in other) count--;
  return count === 0;
}
