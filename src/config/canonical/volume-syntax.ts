/** The short syntax of a volume, `[SOURCE:]TARGET[:MODE]`: Compose Specification, "volumes, short syntax". */

export interface VolumeSyntax {
  readonly source?: string;
  readonly target: string;
  readonly modes: readonly string[];
}

/** Undefined where two colons meet or the text is empty. Modes that nobody knows are kept; what to do with them is the caller's. */
export function parseVolume(text: string): VolumeSyntax | undefined {
  if (text === '') return undefined;
  if ([...text].length <= 2) return { target: text, modes: [] };
  const sections = splitSections(text);
  if (sections.some((section) => section === '')) return undefined;
  if (sections.length === 1) return { target: sections[0]!, modes: [] };
  if (sections.length > 3) return undefined;
  return { source: sections[0]!, target: sections[1]!, modes: sections[2]?.split(',') ?? [] };
}

/** At colons, except that one after a single letter belongs to a Windows drive, and one within `${…}` to a variable not filled in. */
function splitSections(text: string): string[] {
  const sections: string[] = [];
  let section = '';
  for (const part of text) {
    if (part === ':' && openVariables(section) === 0 && !/^\p{L}$/u.test(section)) {
      sections.push(section);
      section = '';
    } else {
      section += part;
    }
  }
  sections.push(section);
  return sections;
}

/** How many `${` have no `}` yet. */
function openVariables(section: string): number {
  let open = 0;
  for (const [part] of section.matchAll(/\$\{|\}/g)) open = part === '}' ? Math.max(0, open - 1) : open + 1;
  return open;
}

/** A source that is a path on the host and not a volume's name: `./x`, `/x`, `~/x`, `C:\x`, `\\server\x`. */
export const isHostPath = (source: string): boolean => /^[./~\\]/.test(source) || /^\p{L}:/u.test(source);

/** Go's path.Clean: no `.`, no `..` that can be resolved, no trailing slash. Unlike node:path it never keeps a last slash. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith('/');
  const kept: string[] = [];
  for (const part of path.split('/')) {
    if (part === '' || part === '.') continue;
    if (part === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else if (part !== '..' || !rooted) kept.push(part);
  }
  const joined = kept.join('/');
  return rooted ? `/${joined}` : joined || '.';
}
