/** ` (did you mean RUN?)` when one of the known words is near enough, else nothing. */
export function didYouMean(word: string, known: readonly string[]): string {
  const near = closest(
    word.toLowerCase(),
    known.map((one) => one.toLowerCase()),
  );
  const meant = known.find((one) => one.toLowerCase() === near);
  return meant === undefined ? '' : ` (did you mean ${meant}?)`;
}

const TOO_FAR = 3;

/** The word that was probably meant (BuildKit's `suggest`); undefined when none is near enough, or when it is one of them. */
export function nearest(word: string, options: readonly string[]): string | undefined {
  return options.includes(word) ? undefined : closest(word, options);
}

function closest(word: string, options: readonly string[]): string | undefined {
  let best: { readonly option: string; readonly distance: number } | undefined;
  for (const option of options) {
    const distance = editDistance(word, option);
    if (distance < (best?.distance ?? TOO_FAR)) best = { option, distance };
  }
  return best?.option;
}

/** Levenshtein's distance. */
export function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
