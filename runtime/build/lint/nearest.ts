import { editDistance } from '../parse/suggest.js';

const TOO_FAR = 3;

/** The word that was probably meant; undefined when none is near enough, or when it is one of them. */
export function nearest(word: string, options: readonly string[]): string | undefined {
  if (options.includes(word)) return undefined;
  let best: { readonly option: string; readonly distance: number } | undefined;
  for (const option of options) {
    const distance = editDistance(word, option);
    if (distance < (best?.distance ?? TOO_FAR)) best = { option, distance };
  }
  return best?.option;
}
