export interface CheckSettings {
  readonly skips: (rule: string) => boolean;
  readonly experimental: (rule: string) => boolean;
  /** A warning fails the build. */
  readonly error: boolean;
}

/**
 * `# check=skip=RULE,RULE;error=true;experimental=all`; the build argument BUILDKIT_DOCKERFILE_CHECK says the same and
 * comes first.
 */
export function checkSettings(
  directive: string | undefined,
  buildArgs: Readonly<Record<string, string | undefined>>,
): CheckSettings {
  const text = buildArgs.BUILDKIT_DOCKERFILE_CHECK ?? directive ?? '';
  const values = new Map(text.split(';').map((part) => splitSetting(part)));
  const list = (key: string) => (values.get(key) ?? '').split(',').map((word) => word.trim());
  const holds = (key: string) => (rule: string) => list(key).some((one) => one === 'all' || one === rule);
  return { skips: holds('skip'), experimental: holds('experimental'), error: values.get('error') === 'true' };
}

function splitSetting(part: string): [string, string] {
  const at = part.indexOf('=');
  return at < 0 ? [part.trim(), ''] : [part.slice(0, at).trim(), part.slice(at + 1).trim()];
}
