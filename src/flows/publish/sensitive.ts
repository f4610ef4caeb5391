/** What looks like a credential in a text. Pure. */

export interface Finding {
  readonly kind: string;
  readonly value: string;
}

const kinds: readonly [string, RegExp][] = [
  ['AWS Client ID', /\b(?:A3T[A-Z0-9]|AKIA|AGPA|AIDA|AROA|AIPA|ANPA|ANVA|ASIA)[A-Z0-9]{16}\b/g],
  ['AWS Secret Key', /aws.{0,20}?['"][0-9A-Za-z/+]{40,}['"]/gi],
  ['Github authentication', /\bgh[pousr]_[A-Za-z0-9]{36,}\b/g],
  ['JSON Web Token', /\beyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{10,}/g],
  ['Private Key', /-----BEGIN (?:[A-Z]+ )?PRIVATE KEY-----/g],
];

/** Each of them once, shown by its beginning: the rest is nobody's business. */
export function credentialsIn(text: string): Finding[] {
  const found = kinds.flatMap(([kind, pattern]) =>
    [...text.matchAll(pattern)].map(([value]) => ({ kind, value: `${value.slice(0, 8)}…` })),
  );
  const known = new Set<string>();
  return found.filter(({ kind, value }) => !known.has(kind + value) && known.add(kind + value));
}
