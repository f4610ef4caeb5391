/** At most `places` at once; resolves with the function that gives the place back. */
export function limiter(places: number): () => Promise<() => void> {
  const waiting: (() => void)[] = [];
  let free = places;
  const giveBack = () => {
    const next = waiting.shift();
    if (next) next();
    else free++;
  };
  return async () => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    let given = false;
    return () => {
      if (!given) giveBack();
      given = true;
    };
  };
}
