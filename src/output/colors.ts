/** ANSI sequences; with colours off each function gives its text back. */
export interface Colors {
  readonly enabled: boolean;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly red: (text: string) => string;
  readonly green: (text: string) => string;
  readonly yellow: (text: string) => string;
  readonly cyan: (text: string) => string;
  /** One of a circle of colours that tell neighbours apart. */
  readonly nth: (index: number, text: string) => string;
}

const circle = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export function createColors(enabled: boolean): Colors {
  const paint = (code: number, end: number) => (text: string) =>
    enabled ? `\u001b[${code}m${text}\u001b[${end}m` : text;
  return {
    enabled,
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
    nth: (index, text) => paint(circle[index % circle.length]!, 39)(text),
  };
}
