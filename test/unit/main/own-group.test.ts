import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { scopeCommand, scopeOf } from '../../../runtime/main/own-group.js';

const groups = suite('groups of an engine without root');

groups('a scope is ours when it has the name that was asked for, never one of somebody else', () => {
  const manager = '/user.slice/user-1000.slice/user@1000.service';
  assert.is(scopeOf(`0::${manager}/app.slice/devenv-12-34.scope\n`), `${manager}/app.slice/devenv-12-34.scope`);
  assert.is(scopeOf(`1:name=x:/\n0::${manager}/devenv-12-34.scope/engine\n`), `${manager}/devenv-12-34.scope`);
  for (const other of [`${manager}/app.slice/terminal.scope`, `${manager}/devenv-12-34.scope/other`, '/', ''])
    assert.is(scopeOf(`0::${other}\n`), undefined);
});

groups('without a manager of the user’s processes nothing is asked of it', () => {
  assert.equal(scopeCommand({}, 1), []);
  assert.equal(scopeCommand({ XDG_RUNTIME_DIR: '/nowhere' }, 1), []);
});

groups.run();
