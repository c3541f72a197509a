/** Finding instruments by what one remembers of their names. Pure. */

const WORD_START = /[^\p{L}\p{N}]/u;

/**
 * How well `text` fits `query`: 0 if it does not, and more the better it does.
 *
 * Every word of the query must be found, in any order and whatever the case: as it stands, best at the beginning and
 * best of all as the whole; or at least as letters in that order (`ehus` finds ETHUSDT).
 */
export function fit(query: string, text: string): number {
  const words = wordsOf(query), folded = text.toLowerCase();
  let sum = 1;
  for (const word of words) {
    const score = fitOfWord(word, folded);
    if (score === 0) return 0;
    sum += score;
  }
  return sum;
}

/** The best fit of the words among several texts of one record; a word may be found in any of them, the first counts most. */
export function fitOfAny(query: string, texts: readonly string[]): number {
  const folded = texts.map((text) => text.toLowerCase());
  let sum = 1;
  for (const word of wordsOf(query)) {
    const best = Math.max(...folded.map((text, place) => fitOfWord(word, text) / (1 + place / 4)));
    if (best <= 0) return 0;
    sum += best;
  }
  return sum;
}

const wordsOf = (query: string): string[] => query.toLowerCase().split(/\s+/).filter(Boolean);

function fitOfWord(word: string, text: string): number {
  if (text === word) return 1000;
  const at = text.indexOf(word);
  if (at === 0) return 800 - shortfall(word, text);
  if (at > 0) return (WORD_START.test(text[at - 1] ?? "") ? 600 : 400) - shortfall(word, text);
  return fitOfLetters(word, text);
}

/** The letters of `word` in their order, with as little between them as possible; one that begins a word begins it here. */
function fitOfLetters(word: string, text: string): number {
  if (word.length < 2 || text[0] !== word[0]) return 0;
  let at = 0, skipped = 0;
  for (const letter of word.slice(1)) {
    const next = text.indexOf(letter, at + 1);
    if (next < 0) return 0;
    skipped += next - at - 1;
    at = next;
  }
  return Math.max(1, 200 - 20 * skipped);
}

/** A short text is meant rather than a long one that begins alike. */
const shortfall = (word: string, text: string): number => Math.min(99, text.length - word.length);
