/** The order in which Go's yaml.v3 puts the keys of a map: numbers in them by their value, letters after everything else. */

const isLetter = (char: string): boolean => /\p{L}/u.test(char);
const isDigit = (char: string): boolean => char >= '0' && char <= '9';

/** For `sort`: `k9` before `k10`, `a_b` before `ab`, capitals before small letters. */
export function naturalOrder(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  let inNumber = false;
  for (let at = 0; at < left.length && at < right.length; at += 1) {
    const [one, other] = [left[at]!, right[at]!];
    if (one === other) {
      inNumber = isDigit(one);
      continue;
    }
    const [letter, otherLetter] = [isLetter(one), isLetter(other)];
    if (letter && otherLetter) return one < other ? -1 : 1;
    // After a number a letter ends it and so comes first: `a1b` before `a1_`.
    if (letter || otherLetter) return (inNumber ? letter : otherLetter) ? -1 : 1;
    return byNumber(left, right, at);
  }
  return left.length - right.length;
}

function byNumber(left: readonly string[], right: readonly string[], at: number): number {
  const significant = left[at] === '0' || right[at] === '0' ? digitsBefore(left, at) : '';
  const [one, other] = [digitsFrom(left, at), digitsFrom(right, at)];
  const [a, b] = [BigInt(`${significant}${one}` || '0'), BigInt(`${significant}${other}` || '0')];
  if (a !== b) return a < b ? -1 : 1;
  if (one.length !== other.length) return one.length - other.length;
  return left[at]! < right[at]! ? -1 : 1;
}

function digitsFrom(text: readonly string[], at: number): string {
  let end = at;
  while (end < text.length && isDigit(text[end]!)) end += 1;
  return text.slice(at, end).join('');
}

/** `1` when the digits that lead up to here are more than zeros: then a zero here counts. */
function digitsBefore(text: readonly string[], at: number): string {
  for (let index = at - 1; index >= 0 && isDigit(text[index]!); index -= 1) if (text[index] !== '0') return '1';
  return '';
}
