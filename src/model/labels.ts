/** Labels by which Compose, and so devenv, finds again what belongs to a project. */
export const composeLabel = {
  project: 'com.docker.compose.project',
  service: 'com.docker.compose.service',
  configHash: 'com.docker.compose.config-hash',
  containerNumber: 'com.docker.compose.container-number',
  oneOff: 'com.docker.compose.oneoff',
  slug: 'com.docker.compose.slug',
  image: 'com.docker.compose.image',
  network: 'com.docker.compose.network',
  volume: 'com.docker.compose.volume',
  workingDir: 'com.docker.compose.project.working_dir',
  configFiles: 'com.docker.compose.project.config_files',
  environmentFile: 'com.docker.compose.project.environment_file',
  dependsOn: 'com.docker.compose.depends_on',
  replace: 'com.docker.compose.replace',
  version: 'com.docker.compose.version',
} as const;

/** Ours: containers with the same word share their fixed host ports (a word of our engine). */
export const balanceLabel = 'dev.devenv.balance';

/** Ours: short hashes of the parts of a service's config, as JSON, so that a recreation can say what changed. */
export const configPartsLabel = 'dev.devenv.config-parts';
