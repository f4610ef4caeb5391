/** Attributes of a service that exclude or need each other. */
import { isTree, listAt, type Tree, textAt, treeAt } from '../resolve/tree-access.js';
import { type Checking, placeOf } from './checking.js';

export function checkService(name: string, service: Tree, checking: Checking): void {
  const path = ['services', name];
  const add = (code: string, key: readonly string[], sentence: string, ...steps: string[]) =>
    checking.problems.add(code, sentence, placeOf(checking, [...path, ...key]), steps);
  if (!textAt(service, 'image') && !isTree(service.build) && !isTree(service.provider)) {
    add('no-image', [], `services.${name} has neither an image nor a build.`, 'Add image: NAME or build: FOLDER.');
  }
  const mode = textAt(service, 'network_mode');
  if (mode && Object.keys(treeAt(service, 'networks')).length > 0) {
    add(
      'conflicting-keys',
      ['network_mode'],
      `services.${name} has both network_mode and networks.`,
      'Keep one of them.',
    );
  }
  if (textAt(service, 'container_name') && Number(service.scale ?? treeAt(service, 'deploy').replicas ?? 1) > 1) {
    add(
      'conflicting-keys',
      ['container_name'],
      `services.${name} has a container_name, so it cannot have several containers.`,
      'Leave container_name out, or set scale to 1.',
    );
  }
  checkBuild(name, service, checking, add);
  checkScale(name, service, add);
  checkTwice(name, service, add);
  checkHealth(name, service, add);
  checkMounts(name, service, add);
  checkWatch(name, service, add);
}

type Add = (code: string, key: readonly string[], sentence: string, ...steps: string[]) => void;

/** A bind mount has to say what it binds. */
function checkMounts(name: string, service: Tree, add: Add): void {
  for (const [index, mount] of listAt(service, 'volumes').entries()) {
    if (!isTree(mount) || mount.type !== 'bind' || textAt(mount, 'source')) continue;
    const sentence = `services.${name}.volumes.${index} is a bind mount without a source.`;
    add('no-source', ['volumes', String(index)], sentence, 'Add source: FOLDER.');
  }
}

function checkBuild(name: string, service: Tree, checking: Checking, add: Add): void {
  const build = treeAt(service, 'build');
  if (textAt(build, 'dockerfile') && textAt(build, 'dockerfile_inline')) {
    add(
      'conflicting-keys',
      ['build', 'dockerfile_inline'],
      `services.${name}.build has both dockerfile and dockerfile_inline.`,
      'Keep one of them.',
    );
  }
  const platforms = listAt(build, 'platforms');
  const platform = textAt(service, 'platform');
  if (platform && platforms.length > 0 && !platforms.includes(platform)) {
    add(
      'conflicting-keys',
      ['platform'],
      `services.${name} runs on ${platform}, but its image is built for ${platforms.join(', ')}.`,
      `Add ${platform} to build.platforms.`,
    );
  }
  for (const [key, value] of Object.entries(treeAt(build, 'additional_contexts'))) {
    const target = /^service:(.*)$/.exec(String(value))?.[1];
    if (target === undefined || checking.problems.isIncomplete('services')) continue;
    if (checking.problems.isSilenced(checking.locate(['services', target]))) continue;
    const other = treeAt(checking.model, 'services', target);
    const at = ['build', 'additional_contexts', key];
    if (Object.keys(other).length === 0)
      add(
        'undefined-service',
        at,
        `services.${name} builds on the service "${target}", which is not defined.`,
        'Name a service of this config.',
      );
    else if (!isTree(other.build))
      add(
        'not-buildable',
        at,
        `services.${name} builds on the service "${target}", which has no build.`,
        `Add a build to ${target}, or use docker-image://NAME.`,
      );
  }
}

function checkScale(name: string, service: Tree, add: Add): void {
  const wishes: [string[], unknown][] = [
    [['scale'], service.scale],
    [['deploy', 'replicas'], treeAt(service, 'deploy').replicas],
  ];
  for (const [key, wish] of wishes) {
    if (Number(wish ?? 0) >= 0) continue;
    add('bad-scale', key, `services.${name}.${key.join('.')} must be at least 0, not ${wish}.`, 'Write 0 for none.');
  }
}

/** The old attributes and those of `deploy` mean the same and must not differ; limits that leave one out say 0 of it. */
function checkTwice(name: string, service: Tree, add: Add): void {
  const { limits, reservations } = treeAt(service, 'deploy', 'resources');
  const said = (section: Tree[string] | undefined, key: string) => (isTree(section) ? (section[key] ?? 0) : undefined);
  const pairs: [string, string, Tree[string] | undefined][] = [
    ['scale', 'deploy.replicas', treeAt(service, 'deploy').replicas],
    ['cpus', 'deploy.resources.limits.cpus', said(limits, 'cpus')],
    ['mem_limit', 'deploy.resources.limits.memory', said(limits, 'memory')],
    ['mem_reservation', 'deploy.resources.reservations.memory', said(reservations, 'memory')],
    ['pids_limit', 'deploy.resources.limits.pids', said(limits, 'pids')],
  ];
  for (const [key, other, value] of pairs) {
    if (service[key] === undefined || value === undefined || String(service[key]) === String(value)) continue;
    add(
      'conflicting-keys',
      [key],
      `services.${name} sets ${key} and ${other} to different values.`,
      'Keep one of them.',
    );
  }
}

function checkHealth(name: string, service: Tree, add: Add): void {
  const test = listAt(treeAt(service, 'healthcheck'), 'test');
  if (test.length === 0 || ['NONE', 'CMD', 'CMD-SHELL'].includes(String(test[0]))) return;
  add(
    'bad-healthcheck',
    ['healthcheck', 'test'],
    `services.${name}.healthcheck.test has to begin with CMD, CMD-SHELL or NONE.`,
    `Write ["CMD", ${test.map((word) => JSON.stringify(word)).join(', ')}].`,
  );
}

function checkWatch(name: string, service: Tree, add: Add): void {
  for (const [index, rule] of listAt(treeAt(service, 'develop'), 'watch').entries()) {
    if (!isTree(rule) || textAt(rule, 'target')) continue;
    if (rule.action === 'rebuild' || rule.action === 'restart') continue;
    add(
      'missing-key',
      ['develop', 'watch', String(index)],
      `services.${name}.develop.watch needs a target for the action ${rule.action}.`,
      'Add target: PATH-IN-THE-CONTAINER.',
    );
  }
}
