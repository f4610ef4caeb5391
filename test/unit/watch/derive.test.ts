import { suite } from 'uvu';
import * as assert from 'uvu/assert';
import { parseIgnorePatterns } from '../../../src/model/ignore-patterns.js';
import type { Service } from '../../../src/model/project.js';
import { deriveRules } from '../../../src/watch/derive.js';

const deriving = suite('derive');

/** `action source -> target`, a line a rule. */
function rulesFor(dockerfile: string, service: Partial<Service> = {}, files: readonly string[] = []): string[] {
  const whole = { name: 'api', command: null, entrypoint: null, build: { context: '/c' }, ...service } as Service;
  const context = { root: '/c', patterns: parseIgnorePatterns('') };
  const facts = { dockerfilePath: '/c/Dockerfile', isFile: (source: string) => files.includes(source) };
  return deriveRules(whole, dockerfile, context, facts).map(
    ({ action, path, target }) => `${action} ${path}${target ? ` -> ${target}` : ''}`,
  );
}

const own = 'rebuild /c/Dockerfile';

deriving('sources are synced with a restart, manifests rebuild', () => {
  const dockerfile = `FROM node
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY src ./src
CMD ["node", "src/main.js"]`;
  assert.equal(rulesFor(dockerfile, {}, ['package.json', 'package-lock.json']), [
    'rebuild /c/package.json',
    'rebuild /c/package-lock.json',
    'sync+restart /c/src -> /app/src',
    own,
  ]);
});

deriving('a program that watches its files is not restarted', () => {
  assert.equal(rulesFor('FROM node\nWORKDIR /app\nCOPY src src\nCMD node --watch src/main.js'), [
    'sync /c/src -> /app/src',
    own,
  ]);
  const command = ['nodemon', 'src/main.js'];
  assert.equal(rulesFor('FROM node\nCOPY src /src\nCMD node /src/main.js', { command })[0], 'sync /c/src -> /src');
});

deriving('what something is made of is built again', () => {
  const dockerfile = `FROM golang AS build
COPY . /src
RUN go build -o /app /src
FROM scratch
COPY --from=build /app /app
COPY static/ /static/
CMD ["/app"]`;
  assert.equal(rulesFor(dockerfile), ['rebuild /c', 'sync+restart /c/static -> /static', own]);
});

deriving('a stage that stands on another has its copies; a target ends the reading', () => {
  const dockerfile = `FROM node AS base
COPY lib /lib
FROM base AS dev
COPY src /src
FROM dev AS prod
COPY dist /dist`;
  const build = { context: '/c', target: 'dev' };
  assert.equal(rulesFor(dockerfile, { build }), ['sync+restart /c/lib -> /lib', 'sync+restart /c/src -> /src', own]);
});

deriving('a file goes under its name into a folder', () => {
  assert.equal(rulesFor('FROM x\nWORKDIR /app\nCOPY Procfile start.sh bin/', {}, ['Procfile', 'start.sh']), [
    'sync+restart /c/Procfile -> /app/bin/Procfile',
    'sync+restart /c/start.sh -> /app/bin/start.sh',
    own,
  ]);
});

deriving('the whole context is synced, but for its manifests', () => {
  const rules = deriveRules(
    { name: 'api', command: null, entrypoint: null, build: { context: '/c' } } as unknown as Service,
    'FROM python\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nCMD python app.py',
    { root: '/c', patterns: parseIgnorePatterns('') },
    { dockerfilePath: '/c/Dockerfile', isFile: () => false },
  );
  assert.equal(
    rules.map(({ action }) => action),
    ['sync+restart', 'rebuild', 'rebuild'],
  );
  assert.is(rules[0]!.ignore.ignores('requirements.txt'), true);
  assert.is(rules[1]!.include!.ignores('requirements.txt'), true);
  assert.is(rules[1]!.include!.ignores('app.py'), false);
});

deriving('what a bind mount lies over is live already', () => {
  const volumes = [{ type: 'bind', source: '/c/src', target: '/app' }] as const;
  assert.equal(rulesFor('FROM node\nCOPY src /app\nCMD node /app/main.js', { volumes }), [own]);
});

deriving('an image without sources of its context is left alone', () => {
  assert.equal(rulesFor('FROM postgres\nRUN true\nADD https://example.com/x /x'), []);
});

deriving.run();
