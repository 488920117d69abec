/** Where things are. */

import { join, resolve } from 'node:path';

/** The repository. */
export const ROOT = resolve(import.meta.dirname, '../../..');

/** Everything a run leaves behind on purpose: the base image, the engine's images, logs, the table of refusals. */
export const WORK = join(ROOT, 'target', 'system');

/** The engine's socket and its containers' state: a short path, because the path of a socket has 108 bytes. */
export const RUNTIME = '/run/plenary-system';

/** The engine's images, kept from run to run. */
export const DATA = join(WORK, 'engine');

/** The base image as an archive, kept from run to run. */
export const BASE = join(WORK, 'bookworm.tar');

/** The command line's settings and plugins, so that nobody's own are used. */
export const DOCKER_CONFIG = join(WORK, 'docker');

/** Where the deployment is unpacked, with an .env and certificates of its own. */
export const SITE = join(WORK, 'site');
