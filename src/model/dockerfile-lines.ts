/** A Dockerfile's instructions as words: enough to know what it copies and stands on, without building it. */
export interface DockerfileLine {
  /** Upper case. */
  readonly instruction: string;
  /** Its arguments, continuation lines joined. */
  readonly rest: string;
}

export function dockerfileLines(text: string): DockerfileLine[] {
  const continuation = /^#\s*escape\s*=\s*`/im.test(text) ? '`' : '\\\\';
  const withoutComments = text.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  const joined = withoutComments.join('\n').replace(new RegExp(`${continuation}[ \\t]*\\n`, 'g'), ' ');
  return withoutHeredocs(joined.split('\n')).flatMap((line) => {
    const [, word, rest] = /^\s*([A-Za-z]+)\s+(.*)$/s.exec(line) ?? [];
    return word === undefined ? [] : [{ instruction: word.toUpperCase(), rest: rest!.trim() }];
  });
}

function withoutHeredocs(lines: readonly string[]): string[] {
  const kept: string[] = [];
  let ends: string[] = [];
  for (const line of lines) {
    if (ends.length > 0) {
      if (line.replace(/^\t+/, '') === ends[0]) ends = ends.slice(1);
      continue;
    }
    kept.push(line);
    if (/^\s*(?:RUN|COPY|ADD)\b/i.test(line))
      ends = [...line.matchAll(/<<-?(["']?)([A-Za-z_]\w*)\1/g)].map((match) => match[2]!);
  }
  return kept;
}
