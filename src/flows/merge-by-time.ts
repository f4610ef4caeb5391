interface Stamped {
  /** RFC 3339 with a fixed number of digits, so that texts compare as times do. */
  readonly timestamp: string;
}

/**
 * Several streams, each in the order of its times, as one in the order of all. What is equally old comes in the order of
 * the streams. One item of each is held, no more.
 */
export async function* mergeByTime<T extends Stamped>(
  streams: readonly AsyncIterable<T>[],
): AsyncGenerator<{ readonly from: number; readonly item: T }> {
  const iterators = streams.map((stream) => stream[Symbol.asyncIterator]());
  try {
    const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
    for (;;) {
      let from = -1;
      for (let at = 0; at < heads.length; at += 1) {
        const head = heads[at]!;
        if (!head.done && (from < 0 || head.value.timestamp < heads[from]!.value.timestamp)) from = at;
      }
      if (from < 0) return;
      yield { from, item: heads[from]!.value };
      heads[from] = await iterators[from]!.next();
    }
  } finally {
    await Promise.all(iterators.map((iterator) => iterator.return?.()));
  }
}
