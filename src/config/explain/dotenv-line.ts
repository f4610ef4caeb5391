/** The last line of an env file that sets a variable; its value is what is written, without quotes around it. */
export function lineOf(text: string, name: string): { line: number; text: string; value: string } | undefined {
  const lines = text.split(/\r?\n/);
  for (let index = lines.length - 1; index >= 0; index -= 1) {
    const match = /^\s*(?:export\s+)?([\w.-]+)\s*[=:]\s*(.*)$/.exec(lines[index]!);
    if (match?.[1] !== name) continue;
    return { line: index + 1, text: lines[index]!, value: match[2]!.replace(/^(["'])(.*)\1$/, '$2') };
  }
  return undefined;
}
