/** `80`, `80/udp`, `8000-8002/tcp` as keys of ExposedPorts. A host part in front is dropped, as Docker does. Throws. */
export function portKeys(text: string): string[] {
  const [ports = '', protocol = 'tcp', ...more] = text.split('/');
  const range = ports.slice(ports.lastIndexOf(':') + 1);
  const match = /^(\d+)(?:-(\d+))?$/.exec(range);
  const first = Number(match?.[1]);
  const last = Number(match?.[2] ?? match?.[1]);
  if (match === null || more.length > 0 || first < 1 || last > 65535 || last < first) {
    throw new Error(`invalid containerPort: ${range}`);
  }
  const lower = protocol.toLowerCase() || 'tcp';
  if (!['tcp', 'udp', 'sctp'].includes(lower))
    throw new Error(`invalid port: ${JSON.stringify(text)}: invalid proto: ${protocol}`);
  return Array.from({ length: last - first + 1 }, (_, index) => `${first + index}/${lower}`);
}
