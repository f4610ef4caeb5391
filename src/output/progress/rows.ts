/** What a row of the progress is called and which words an op's steps have; the words are Compose's. */
import type { Op } from '../../model/plan.js';

/** `Container shop-web-1`: several steps of a plan may be about the same row. */
export function rowOf(op: Op): string {
  switch (op.do) {
    case 'image.pull':
    case 'image.build':
    case 'image.remove':
      return `Image ${op.image}`;
    case 'network.create':
    case 'network.remove':
      return `Network ${op.name}`;
    case 'volume.create':
    case 'volume.remove':
      return `Volume ${op.name}`;
    case 'container.create':
    case 'container.takeover':
      return `Container ${op.finalName}`;
    case 'container.rename':
      return `Container ${op.to}`;
    default:
      return `Container ${op.name}`;
  }
}

/** [while it is done, when it is done]; undefined: not worth a word. */
export function wordsOf(op: Op): readonly [string, string] | undefined {
  if (op.do === 'container.create' && op.replaces) return ['Recreate', 'Recreated'];
  if (op.do === 'container.wait') {
    return ['Waiting', { running: 'Healthy', healthy: 'Healthy', completed: 'Exited' }[op.until]];
  }
  return words[op.do];
}

const words: { readonly [K in Exclude<Op['do'], 'container.wait'>]: readonly [string, string] | undefined } = {
  'image.pull': ['Pulling', 'Pulled'],
  'image.build': ['Building', 'Built'],
  'image.remove': ['Removing', 'Removed'],
  'network.create': ['Creating', 'Created'],
  'network.remove': ['Removing', 'Removed'],
  'volume.create': ['Creating', 'Created'],
  'volume.remove': ['Removing', 'Removed'],
  'container.create': ['Creating', 'Created'],
  'container.start': ['Starting', 'Started'],
  'container.takeover': ['Replacing', 'Replaced'],
  'container.stop': ['Stopping', 'Stopped'],
  'container.kill': ['Killing', 'Killed'],
  'container.pause': ['Pausing', 'Paused'],
  'container.unpause': ['Unpausing', 'Unpaused'],
  'container.restart': ['Restarting', 'Started'],
  'container.remove': ['Removing', 'Removed'],
  'container.rename': undefined,
  'update.delay': undefined,
  'container.sync': ['Syncing', 'Synced'],
  'container.exec': ['Executing', 'Executed'],
};

/** `0.3s`, `12.4s`. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)}s`;
}
