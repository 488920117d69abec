/** The images: a base made from Debian's packages, because there is no registry, and the three that the repository builds. */

import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Engine, DOCKER_ENV, docker, tryDocker } from './engine.js';
import { BASE, ROOT, WORK } from './places.js';
import { run } from './run.js';

/** What the Dockerfiles begin with: all with the same. */
export const BASE_IMAGE =
  /^ARG DEBIAN_IMAGE=(\S+)$/m.exec(await readFile(join(ROOT, 'coturn', 'Dockerfile'), 'utf8'))?.[1] ?? '';

/** Debian's packages are fetched and unpacked, on a machine that may be busy. */
const MAKE_MS = 300_000;

/** Three images, of which two install packages. */
const BUILD_MS = 600_000;

/** Builds have the machine's own network: the mirror of the packages is out there. It has the newest, and no snapshots. */
const OVERRIDE = `services:
  coturn: { build: { network: host } }
  plenary: { build: { network: host } }
  nginx: { build: { network: host } }
`;

/** Makes the base image's archive if there is none. */
export async function makeBase() {
  if (await stat(BASE).catch(() => undefined)) return;
  await mkdir(WORK, { recursive: true });
  // Named so only when it is whole.
  const unfinished = `${BASE}.unfinished.tar`;
  await rm(unfinished, { force: true });
  await run(['mmdebstrap', '--quiet', '--variant=minbase', '--include=ca-certificates', 'bookworm', unfinished], {
    within: MAKE_MS,
    loud: true,
  });
  await rename(unfinished, BASE);
}

/** The server that was built for the other tests, without what only a debugger reads. */
async function stageBinary() {
  const folder = join(ROOT, 'target', 'image');
  await mkdir(folder, { recursive: true });
  const built = process.env.PLENARY_BINARY ?? join(ROOT, 'target', 'debug', 'plenary');
  await run(['strip', '--strip-all', '-o', join(folder, 'plenary'), built]);
}

/** Builds all three with an engine that leaves the machine's network alone. */
export async function buildImages() {
  await makeBase();
  await stageBinary();
  const override = join(WORK, 'build.yml');
  await writeFile(override, OVERRIDE);
  const settings = join(WORK, 'build.env');
  await writeFile(settings, 'COMPOSE_PROJECT_NAME=plenary\nPLENARY_BUILD_TARGET=prebuilt\nDEBIAN_SNAPSHOT=\n');
  const engine = await Engine.start();
  try {
    if ((await tryDocker(['image', 'inspect', BASE_IMAGE])).code !== 0) {
      await docker(['import', BASE, BASE_IMAGE], { within: BUILD_MS });
    }
    const files = ['--file', join(ROOT, 'docker-compose.yml'), '--file', override, '--env-file', settings];
    const build = ['docker', 'compose', '--project-directory', ROOT, '--progress', 'plain', ...files, 'build'];
    await run(build, { env: DOCKER_ENV, within: BUILD_MS, loud: true });
    // What earlier builds called so.
    await tryDocker(['image', 'prune', '--force']);
  } finally {
    await engine.stop();
  }
}
