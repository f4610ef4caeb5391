/** Programs by the file that names what they need, and how each is built and run. */
import { databasesOf } from './databases.js';
import type { DatabaseKind } from './draft.js';
import type { Repo } from './repo.js';

export interface Program {
  readonly language: string;
  /** The file that gave it away. */
  readonly manifest: string;
  readonly dockerfile: string;
  readonly port: number | undefined;
  readonly databases: readonly DatabaseKind[];
  readonly ignore: readonly string[];
  /** Source folder in the image, for the sync of a change; undefined: it has to be built anew. */
  readonly sync: boolean;
}

const apt = (packages: string): string => `RUN apt-get update \\
 && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends ${packages} \\
 && rm -rf /var/lib/apt/lists/*`;

const cmd = (words: readonly string[]): string => `CMD [${words.map((word) => JSON.stringify(word)).join(', ')}]`;

type Detect = (repo: Repo) => Program | undefined;

const node: Detect = (repo) => {
  const text = repo.read('package.json');
  if (text === undefined) return undefined;
  const manifest = parseJson(text);
  const scripts = (manifest.scripts ?? {}) as Record<string, string>;
  const libraries = Object.keys({ ...(manifest.dependencies as object), ...(manifest.devDependencies as object) });
  const has = (name: string) => libraries.includes(name);
  const files = repo.files();
  const manager = files.includes('pnpm-lock.yaml') ? 'pnpm' : files.includes('yarn.lock') ? 'yarn' : 'npm';
  const lock = { pnpm: 'pnpm-lock.yaml', yarn: 'yarn.lock', npm: 'package-lock.json' }[manager];
  const locked = files.includes(lock);
  const install = {
    npm: locked ? 'npm ci' : 'npm install',
    yarn: 'yarn install --frozen-lockfile',
    pnpm: 'pnpm install --frozen-lockfile',
  }[manager];
  const main =
    typeof manifest.main === 'string'
      ? manifest.main
      : ['server.js', 'index.js', 'src/index.js', 'app.js'].find((file) => repo.read(file) !== undefined);
  const start = scripts.start ? ['npm', 'start'] : scripts.dev ? ['npm', 'run', 'dev'] : ['node', main ?? 'index.js'];
  const port = has('vite') && !has('express') ? 5173 : 3000;
  const host = port === 5173 ? [...start, '--', '--host', '0.0.0.0'] : start;
  const tool = manager === 'npm' ? '' : `\nRUN npm install --global ${manager}`;
  return {
    language: 'Node.js',
    manifest: 'package.json',
    dockerfile: `FROM debian:bookworm-slim
${apt('ca-certificates nodejs npm')}${tool}
WORKDIR /app
COPY package.json ${locked ? `${lock} ` : ''}./
RUN ${install}
COPY . .
ENV PORT=${port}
EXPOSE ${port}
${cmd(start[0] === 'node' ? start : host)}
`,
    port: explicitPort(scripts.start ?? scripts.dev) ?? port,
    databases: databasesOf(libraries),
    ignore: ['node_modules', 'npm-debug.log*', 'dist', '.git'],
    sync: true,
  };
};

const explicitPort = (text: string | undefined): number | undefined => {
  const port = /(?:--port[ =]|-p |PORT=)(\d{2,5})\b/.exec(text ?? '')?.[1];
  return port ? Number(port) : undefined;
};

const parseJson = (text: string): Record<string, unknown> => {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {}; // broken: its existence still says which language it is
  }
};

/** Names in requirements.txt, or in the lists and tables of pyproject.toml. */
function pythonLibraries(repo: Repo): string[] {
  const requirements = ['requirements.txt', 'requirements/base.txt', 'Pipfile']
    .map((file) => repo.read(file) ?? '')
    .join('\n');
  const project = repo.read('pyproject.toml') ?? '';
  const named = [...requirements.matchAll(/^\s*([A-Za-z][\w.-]*(?:\[[\w,]+\])?)/gm)].map((match) => match[1]!);
  const quoted = [...project.matchAll(/["']([A-Za-z][\w.-]*(?:\[[\w,]+\])?)\s*(?:[<>=~!;].*?)?["']/g)].map(
    (match) => match[1]!,
  );
  const keys = [...project.matchAll(/^([A-Za-z][\w-]*)\s*=\s*["{^]/gm)].map((match) => match[1]!);
  return [...named, ...quoted, ...keys].map((name) => name.toLowerCase());
}

const python: Detect = (repo) => {
  const manifest = ['requirements.txt', 'pyproject.toml', 'Pipfile'].find((file) => repo.read(file) !== undefined);
  if (manifest === undefined) return undefined;
  const libraries = pythonLibraries(repo);
  const has = (name: string) => libraries.some((library) => library.replace(/\[.*$/, '') === name);
  const module =
    ['app', 'main', 'server', 'wsgi', 'src/app', 'src/main'].find((file) => repo.read(`${file}.py`) !== undefined) ??
    'main';
  const dotted = module.replace('/', '.');
  const start =
    repo.read('manage.py') !== undefined || has('django')
      ? ['python', 'manage.py', 'runserver', '0.0.0.0:8000']
      : has('fastapi') || has('starlette')
        ? ['python', '-m', 'uvicorn', `${dotted}:app`, '--host', '0.0.0.0', '--port', '8000']
        : has('flask')
          ? ['python', '-m', 'flask', '--app', dotted, 'run', '--host', '0.0.0.0', '--port', '8000']
          : has('streamlit')
            ? [
                'python',
                '-m',
                'streamlit',
                'run',
                `${module}.py`,
                '--server.address',
                '0.0.0.0',
                '--server.port',
                '8000',
              ]
            : ['python', `${module}.py`];
  const serves = start.includes('0.0.0.0') || start.includes('0.0.0.0:8000');
  const install =
    manifest === 'requirements.txt'
      ? 'COPY requirements.txt ./\nRUN pip install --no-cache-dir -r requirements.txt\nCOPY . .'
      : manifest === 'Pipfile'
        ? 'COPY Pipfile* ./\nRUN pip install --no-cache-dir pipenv && pipenv install --system --deploy\nCOPY . .'
        : 'COPY . .\nRUN pip install --no-cache-dir .';
  return {
    language: 'Python',
    manifest,
    dockerfile: `FROM debian:bookworm-slim
${apt('ca-certificates gcc libpq-dev python3-dev python3-venv')} \\
 && python3 -m venv /venv
ENV PATH=/venv/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin PYTHONUNBUFFERED=1
WORKDIR /app
${install}
${serves ? 'EXPOSE 8000\n' : ''}${cmd(start)}
`,
    port: serves ? 8000 : undefined,
    databases: databasesOf(libraries),
    ignore: ['__pycache__', '*.pyc', '.venv', 'venv', '.git'],
    sync: true,
  };
};

const ruby: Detect = (repo) => {
  const text = repo.read('Gemfile');
  if (text === undefined) return undefined;
  const gems = [...text.matchAll(/^\s*gem\s+["']([^"']+)/gm)].map((match) => match[1]!);
  const rails = gems.includes('rails');
  const start = rails
    ? ['bin/rails', 'server', '--binding', '0.0.0.0']
    : ['bundle', 'exec', 'rackup', '--host', '0.0.0.0', '--port', '3000'];
  const pg = gems.includes('pg') ? ['postgresql'] : [];
  return {
    language: 'Ruby',
    manifest: 'Gemfile',
    dockerfile: `FROM debian:bookworm-slim
${apt('build-essential ca-certificates git libpq-dev libyaml-dev ruby-dev ruby-bundler')}
WORKDIR /app
COPY Gemfile* ./
RUN bundle install
COPY . .
EXPOSE 3000
${cmd(start)}
`,
    port: 3000,
    databases: databasesOf([...gems, ...pg]),
    ignore: ['log', 'tmp', '.git'],
    sync: true,
  };
};

const go: Detect = (repo) => {
  const text = repo.read('go.mod');
  if (text === undefined) return undefined;
  const modules = [...text.matchAll(/^\s*(?:require\s+)?([\w.-]+\.[\w.-]+\/\S+)\s+v/gm)].map((match) => match[1]!);
  const main = repo.read('main.go') === undefined ? repo.folders('cmd')[0] : undefined;
  return {
    language: 'Go',
    manifest: 'go.mod',
    dockerfile: `FROM debian:bookworm-slim AS build
${apt('ca-certificates golang-go')}
WORKDIR /src
COPY go.* ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -buildvcs=false -o /out/app ${main ? `./cmd/${main}` : '.'}

FROM debian:bookworm-slim
${apt('ca-certificates')}
COPY --from=build /out/app /usr/local/bin/app
USER nobody
EXPOSE 8080
CMD ["app"]
`,
    port: 8080,
    databases: databasesOf(modules),
    ignore: ['.git'],
    sync: false,
  };
};

const rust: Detect = (repo) => {
  const text = repo.read('Cargo.toml');
  if (text === undefined) return undefined;
  const name = /^name\s*=\s*"([^"]+)"/m.exec(text)?.[1] ?? 'app';
  const crates = [...text.matchAll(/^([\w-]+)\s*=/gm)].map((match) => match[1]!);
  const sqlx = /sqlx[^\n]*postgres|diesel[^\n]*postgres/.test(text)
    ? ['postgresql']
    : /sqlx[^\n]*mysql|diesel[^\n]*mysql/.test(text)
      ? ['mysql']
      : [];
  return {
    language: 'Rust',
    manifest: 'Cargo.toml',
    dockerfile: `FROM debian:bookworm-slim AS build
${apt('ca-certificates cargo libssl-dev pkg-config')}
WORKDIR /src
COPY . .
RUN cargo build --release

FROM debian:bookworm-slim
${apt('ca-certificates libssl3')}
COPY --from=build /src/target/release/${name} /usr/local/bin/app
USER nobody
EXPOSE 8080
CMD ["app"]
`,
    port: 8080,
    databases: databasesOf([...crates, ...sqlx]),
    ignore: ['target', '.git'],
    sync: false,
  };
};

const java: Detect = (repo) => {
  const maven = repo.read('pom.xml');
  const gradle = repo.read('build.gradle') ?? repo.read('build.gradle.kts');
  const text = maven ?? gradle;
  if (text === undefined) return undefined;
  const artifacts = [...text.matchAll(/<artifactId>([^<]+)<|["'][\w.-]+:([\w.-]+)(?::[^"']*)?["']/g)].map(
    (match) => match[1] ?? match[2]!,
  );
  const starters = artifacts.flatMap((name) => /^spring-boot-starter-data-(\w+)/.exec(name)?.[1] ?? []);
  const [tool, build, jar] =
    maven === undefined
      ? ['gradle', 'gradle --no-daemon build -x test', 'build/libs/*.jar']
      : ['maven', 'mvn -q package -DskipTests', 'target/*.jar'];
  return {
    language: 'Java',
    manifest: maven === undefined ? 'build.gradle' : 'pom.xml',
    dockerfile: `FROM debian:bookworm-slim AS build
${apt(`ca-certificates default-jdk-headless ${tool}`)}
WORKDIR /src
COPY . .
RUN ${build} && mkdir /out && cp $(ls ${jar} | grep -v -e plain -e sources | head -n 1) /out/app.jar

FROM debian:bookworm-slim
${apt('ca-certificates default-jre-headless')}
COPY --from=build /out/app.jar /app.jar
USER nobody
EXPOSE 8080
CMD ["java", "-jar", "/app.jar"]
`,
    port: 8080,
    databases: databasesOf([...artifacts, ...starters]),
    ignore: ['target', 'build', '.git'],
    sync: false,
  };
};

const php: Detect = (repo) => {
  const text = repo.read('composer.json');
  if (text === undefined) return undefined;
  const libraries = Object.keys((parseJson(text).require ?? {}) as object);
  const laravel = libraries.includes('laravel/framework');
  const root = repo.folders().includes('public') ? 'public' : '.';
  const start = laravel
    ? ['php', 'artisan', 'serve', '--host', '0.0.0.0', '--port', '8000']
    : ['php', '-S', '0.0.0.0:8000', '-t', root];
  const env = repo.read('.env.example') ?? '';
  const byEnv = /DB_CONNECTION=pgsql/.test(env) ? ['postgresql'] : /DB_CONNECTION=mysql/.test(env) ? ['mysql'] : [];
  return {
    language: 'PHP',
    manifest: 'composer.json',
    dockerfile: `FROM debian:bookworm-slim
${apt('ca-certificates composer php-cli php-curl php-mbstring php-mysql php-pgsql php-redis php-xml php-zip unzip')}
WORKDIR /app
COPY composer.* ./
RUN composer install --no-interaction --no-scripts --no-autoloader
COPY . .
RUN composer dump-autoload --optimize
EXPOSE 8000
${cmd(start)}
`,
    port: 8000,
    databases: databasesOf([...libraries, ...byEnv]),
    ignore: ['vendor', '.git'],
    sync: true,
  };
};

const languages: readonly Detect[] = [node, python, ruby, go, rust, java, php];

/** All that a folder holds; two are possible (a Rails application with a package.json for its assets). */
export const programsIn = (repo: Repo): Program[] => languages.flatMap((detect) => detect(repo) ?? []);
