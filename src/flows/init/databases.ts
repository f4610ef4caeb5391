/** Databases by the libraries that speak to them, and the services that they become. */
import type { DatabaseKind } from './draft.js';

const clients: readonly [DatabaseKind, RegExp][] = [
  [
    'postgres',
    /^(?:pg|pg-promise|postgres|slonik|@prisma\/adapter-pg|@vercel\/postgres|psycopg[23]?(?:-binary)?|asyncpg|pg8000|aiopg|lib\/pq|pgx|jackc\/pgx|go-pg|postgresql|tokio-postgres|pdo_pgsql|ext-pgsql|ext-pdo_pgsql)$/i,
  ],
  [
    'mysql',
    /^(?:mysql2?|mariadb|mysqlclient|pymysql|aiomysql|mysql-connector-python|go-sql-driver\/mysql|mysql-connector-j(?:ava)?|mariadb-java-client|mysql_async|ext-mysqli|ext-pdo_mysql|trilogy)$/i,
  ],
  [
    'mongo',
    /^(?:mongodb|mongoose|pymongo|motor|mongoengine|mongo-driver|mongo-go-driver|mongoid|mongo|mongodb-driver-sync|ext-mongodb|beanie)$/i,
  ],
  [
    'redis',
    /^(?:redis|ioredis|bullmq|bull|redis-py|aioredis|django-redis|celery\[redis\]|go-redis|redigo|sidekiq|resque|jedis|lettuce-core|fred|predis|ext-redis|predis\/predis)$/i,
  ],
  ['rabbitmq', /^(?:amqplib|amqp|pika|aio-pika|kombu|amqp091-go|bunny|lapin|amqp-client|php-amqplib)$/i],
  ['memcached', /^(?:memjs|memcached|pylibmc|pymemcache|gomemcache|dalli|spymemcached|ext-memcached)$/i],
  [
    'elasticsearch',
    /^(?:@elastic\/elasticsearch|elasticsearch|elasticsearch-py|go-elasticsearch|elasticsearch-java)$/i,
  ],
  ['kafka', /^(?:kafkajs|kafka-python|confluent-kafka|aiokafka|sarama|kafka-go|rdkafka|ruby-kafka|kafka-clients)$/i],
  ['nats', /^(?:nats|nats-py|nats\.go|async-nats|jnats)$/i],
];

/** In a fixed order, each once. `libraries`: names as a manifest has them. */
export function databasesOf(libraries: readonly string[]): DatabaseKind[] {
  // `github.com/lib/pq/v2` is also `lib/pq`, and `pgx`.
  const names = libraries.flatMap((library) => {
    const parts = library.replace(/\/v\d+$/, '').split('/');
    return [library, library.replace(/\[.*$/, ''), parts.slice(-2).join('/'), parts.at(-1)!];
  });
  return clients.filter(([, pattern]) => names.some((name) => pattern.test(name))).map(([kind]) => kind);
}

export interface DatabaseService {
  readonly name: string;
  readonly lines: readonly string[];
  readonly volume: string | undefined;
  /** For the services that use it. */
  readonly environment: Readonly<Record<string, string>>;
  /** Values for `.env`. */
  readonly secrets: Readonly<Record<string, string>>;
}

const health = (test: string): string[] => [
  'healthcheck:',
  `  test: ["CMD-SHELL", ${JSON.stringify(test)}]`,
  '  interval: 10s',
  '  timeout: 5s',
  '  retries: 5',
  '  start_period: 60s',
  '  start_interval: 500ms',
];

const plain = (
  name: string,
  image: string,
  options: { volume?: string; test?: string; environment?: Record<string, string>; lines?: string[] },
): DatabaseService => ({
  name,
  lines: [
    `image: ${image}`,
    ...(options.lines ?? []),
    ...(options.volume ? ['volumes:', `  - ${name}-data:${options.volume}`] : []),
    ...(options.test ? health(options.test) : []),
    'restart: unless-stopped',
  ],
  volume: options.volume ? `${name}-data` : undefined,
  environment: options.environment ?? {},
  secrets: {},
});

const made: Readonly<Record<DatabaseKind, () => DatabaseService>> = {
  postgres: () => ({
    ...plain('db', 'postgres:17', {
      volume: '/var/lib/postgresql/data',
      lines: ['environment:', '  POSTGRES_DB: app', '  POSTGRES_USER: app', '  POSTGRES_PASSWORD: ${DB_PASSWORD}'],
      test: 'pg_isready --quiet --username app --dbname app',
      environment: { DATABASE_URL: 'postgres://app:${DB_PASSWORD}@db:5432/app' },
    }),
    secrets: { DB_PASSWORD: 'only-on-this-laptop' },
  }),
  mysql: () => ({
    ...plain('mysql', 'mysql:8.4', {
      volume: '/var/lib/mysql',
      lines: [
        'environment:',
        '  MYSQL_DATABASE: app',
        '  MYSQL_USER: app',
        '  MYSQL_PASSWORD: ${MYSQL_PASSWORD}',
        '  MYSQL_RANDOM_ROOT_PASSWORD: "yes"',
      ],
      test: 'mysqladmin ping --silent --host 127.0.0.1 --user app --password=$$MYSQL_PASSWORD',
      environment: { MYSQL_URL: 'mysql://app:${MYSQL_PASSWORD}@mysql:3306/app' },
    }),
    secrets: { MYSQL_PASSWORD: 'only-on-this-laptop' },
  }),
  mongo: () =>
    plain('mongo', 'mongo:8', {
      volume: '/data/db',
      test: "mongosh --quiet --eval 'db.runCommand({ping: 1}).ok' | grep -q 1",
      environment: { MONGO_URL: 'mongodb://mongo:27017/app' },
    }),
  redis: () => plain('cache', 'redis:7', { test: 'redis-cli ping', environment: { REDIS_URL: 'redis://cache:6379' } }),
  rabbitmq: () =>
    plain('queue', 'rabbitmq:4', {
      volume: '/var/lib/rabbitmq',
      test: 'rabbitmq-diagnostics --quiet ping',
      environment: { AMQP_URL: 'amqp://queue:5672' },
    }),
  memcached: () => plain('memcached', 'memcached:1.6', { environment: { MEMCACHED_SERVERS: 'memcached:11211' } }),
  elasticsearch: () =>
    plain('search', 'docker.elastic.co/elasticsearch/elasticsearch:8.17.0', {
      volume: '/usr/share/elasticsearch/data',
      lines: ['environment:', '  discovery.type: single-node', '  xpack.security.enabled: "false"'],
      test: 'curl --silent --fail http://127.0.0.1:9200/_cluster/health',
      environment: { ELASTICSEARCH_URL: 'http://search:9200' },
    }),
  kafka: () => plain('kafka', 'apache/kafka:3.9.0', { environment: { KAFKA_BROKERS: 'kafka:9092' } }),
  nats: () => plain('nats', 'nats:2', { environment: { NATS_URL: 'nats://nats:4222' } }),
};

export const databaseService = (kind: DatabaseKind): DatabaseService => made[kind]();

/** Whether others can wait until it is healthy. */
export const hasHealth = ({ lines }: DatabaseService): boolean => lines.includes('healthcheck:');
