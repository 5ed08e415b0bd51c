-- Closes a chord (end-chord.lua).
-- KEYS  the chord
return end_chord(KEYS[1]) and 1 or 0
