/** Capabilities of executables (capabilities(7), "File capabilities") go along with them from stage to stage, as in BuildKit. */
import type { Launcher } from '../../launch/types.js';
import type { Selected, SelectedEntry } from '../files/select.js';

type Reader = Pick<Launcher, 'capabilities'>;

/** The same, with the capabilities that files on this machine have. */
export async function withCapabilities(
  launcher: Reader | undefined,
  selected: readonly Selected[],
): Promise<readonly Selected[]> {
  const paths = selected.flatMap(({ entries }) => entries.flatMap((one) => executablePath(one) ?? []));
  if (launcher === undefined || paths.length === 0) return selected;
  const found = await launcher.capabilities(paths);
  if (found.size === 0) return selected;
  const withOwn = (one: SelectedEntry): SelectedEntry => {
    const capability = found.get(executablePath(one) ?? '');
    return capability === undefined ? one : { ...one, entry: { ...one.entry, capability } };
  };
  return selected.map((one) => ({ ...one, entries: one.entries.map(withOwn) }));
}

function executablePath({ entry, content }: SelectedEntry): string | undefined {
  const isExecutable = entry.type === 'file' && (entry.mode & 0o111) !== 0;
  return isExecutable && content && 'path' in content ? content.path : undefined;
}
