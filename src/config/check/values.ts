/** Values of services that make no sense by themselves, checked for services that take no part as well. */
import { isIP } from 'node:net';
import { isTree, listAt, type Tree, textAt, treeAt } from '../resolve/tree-access.js';
import type { Plain } from '../tree/plain.js';
import { type ModelChecking, placeOf } from './checking.js';

export function checkValues(checking: ModelChecking): void {
  for (const [name, service] of Object.entries(treeAt(checking.model, 'services'))) {
    if (!isTree(service)) continue;
    const path = ['services', name];
    each(service, 'ports', path, (port, at) => checkPort(port, at, checking));
    each(service, 'devices', path, (device, at) => checkDevice(device, at, checking));
    each(service, 'gpus', path, (request, at) => checkRequest(request, at, checking));
    const reservations = treeAt(service, 'deploy', 'resources', 'reservations');
    each(reservations, 'devices', [...path, 'deploy', 'resources', 'reservations'], (request, at) =>
      checkRequest(request, at, checking),
    );
  }
}

type Path = readonly string[];

function each(tree: Tree, key: string, path: Path, visit: (item: Tree, at: Path) => void): void {
  for (const [index, item] of listAt(tree, key).entries()) if (isTree(item)) visit(item, [...path, key, String(index)]);
}

const isSet = (value: Plain | undefined): boolean => value !== undefined && value !== null;

function checkPort(port: Tree, path: Path, checking: ModelChecking): void {
  const ip = textAt(port, 'host_ip');
  const add = (sentence: string, key: string[], step: string) =>
    checking.problems.add('bad-port', `${path.join('.')} ${sentence}`, placeOf(checking, [...path, ...key]), [step]);
  if (!isSet(port.target)) add('names no port in the container.', [], 'Add target: PORT.');
  if (ip && isIP(ip) === 0)
    add(
      `has the host_ip ${JSON.stringify(ip)}, which is no IP address.`,
      ['host_ip'],
      'Write an address such as 127.0.0.1.',
    );
}

function checkDevice(device: Tree, path: Path, checking: ModelChecking): void {
  if (textAt(device, 'target')) return;
  checking.problems.add('bad-device', `${path.join('.')} names no path in the container.`, placeOf(checking, path), [
    'Add target: PATH.',
  ]);
}

function checkRequest(request: Tree, path: Path, checking: ModelChecking): void {
  if (!isSet(request.count) || !isSet(request.device_ids)) return;
  const sentence = `${path.join('.')} has both count and device_ids.`;
  checking.problems.add('conflicting-keys', sentence, placeOf(checking, [...path, 'count']), ['Keep one of them.']);
}
