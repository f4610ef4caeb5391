import { UserError } from '../errors.js';
import { chooseOne } from './containers.js';
import type { Session } from './session.js';

export interface PortRequest {
  readonly service: string;
  readonly port: number;
  readonly protocol: string;
  readonly index: number | undefined;
}

export interface PublishedPort {
  readonly host: string;
  readonly port: number;
}

/** Where a service's port can be reached. Throws UserError when it is not published. */
export async function findPort(
  session: Session,
  { service, port, protocol, index }: PortRequest,
): Promise<PublishedPort> {
  const { container } = await chooseOne(session, service, { index, oneOffs: false });
  const found = container.ports.find((one) => one.target === port && one.protocol === protocol && one.published);
  if (!found) {
    const published = container.ports.filter((one) => one.published).map((one) => `${one.target}/${one.protocol}`);
    throw new UserError('no-port', `no port ${port}/${protocol} for container ${container.name}`, [
      published.length ? `It publishes ${published.join(', ')}.` : `Publish it: services.${service}.ports`,
    ]);
  }
  return { host: found.ip ?? '127.0.0.1', port: found.published! };
}
