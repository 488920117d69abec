/** The deployment: the repository's own docker-compose.yml, with settings and certificates of the test's own. */

import { copyFile, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { DOCKER_ENV, docker, tryDocker } from './engine.js';
import { PUBLIC } from './net.js';
import { ROOT, SITE } from './places.js';
import { attempt, run } from './run.js';

/** The name in people's links. It is in no DNS. */
export const HOST = 'meet.plenary.test';

/** What an operator writes into .env. */
const SETTINGS = {
  COMPOSE_PROJECT_NAME: 'plenary',
  PLENARY_HOST: HOST,
  PLENARY_PUBLIC_ADDRESS: PUBLIC,
  PLENARY_MEDIA_PORTS: '61000-61003',
  PLENARY_BUILD_TARGET: 'prebuilt',
};

/** Three services, each with health checks every few seconds, on a machine that may be busy. */
const UP_MS = 90_000;

/** @typedef {'plenary' | 'nginx' | 'coturn'} Service */

export const SERVICES = /** @type {const} */ (['coturn', 'plenary', 'nginx']);

/**
 * What `docker inspect` says of a container, as far as the tests ask.
 * @typedef {object} Container
 * @property {string} Id
 * @property {string} Name
 * @property {string} Image
 * @property {number} RestartCount
 * @property {{ Status: string, ExitCode: number, Health?: { Status: string } }} State
 * @property {{ ReadonlyRootfs: boolean, CapDrop: string[] | null, Privileged: boolean, Memory: number, PidsLimit: number }} HostConfig
 * @property {{ User: string, Env: string[] }} Config
 * @property {{ Networks: Record<string, { IPAddress: string, Gateway: string }> }} NetworkSettings
 */

/** Makes certificates for the name, as an operator who has none. @param {string} folder */
async function makeCertificates(folder) {
  await run(['sh', join(ROOT, 'certs', 'make-dev-certs.sh'), '--force', '--dir', folder, HOST]);
}

/** Renews the certificate, by a new authority, as certbot does: it runs the hook of the repository. */
export async function renewCertificate() {
  const made = join(SITE, 'renewed');
  await makeCertificates(made);
  const hook = join(SITE, 'certs', 'letsencrypt-hook.sh');
  await copyFile(join(ROOT, 'certs', 'letsencrypt-hook.sh'), hook);
  for (const [from, name] of /** @type {const} */ ([
    ['.', 'plenary'],
    ['coturn', 'plenary-coturn'],
  ])) {
    const lineage = join(made, 'live', name);
    await mkdir(lineage, { recursive: true });
    await rename(join(made, from, 'cert.pem'), join(lineage, 'fullchain.pem'));
    await rename(join(made, from, 'key.pem'), join(lineage, 'privkey.pem'));
    const { code, stdout, stderr } = await attempt(['sh', hook], {
      env: { ...DOCKER_ENV, RENEWED_DOMAINS: `other.example ${HOST}`, RENEWED_LINEAGE: lineage },
    });
    if (code !== 0 || /was not told/.test(stderr)) throw new Error(`the hook ended with ${code}\n${stdout}${stderr}`);
  }
  await copyFile(join(made, 'ca.pem'), join(SITE, 'certs', 'ca.pem'));
}

/** The authority that browsers would have to trust. */
export const authority = () => readFile(join(SITE, 'certs', 'ca.pem'));

export class Stack {
  /**
   * Unpacks it: settings and certificates.
   * @param {Record<string, string | undefined>} [changes] to the settings; `undefined` takes one away
   */
  static async unpack(changes = {}) {
    const settings = Object.entries({ ...SETTINGS, ...changes }).filter(([, value]) => value !== undefined);
    await rm(SITE, { recursive: true, force: true });
    await mkdir(SITE, { recursive: true });
    await writeFile(join(SITE, '.env'), settings.map(([name, value]) => `${name}=${value}\n`).join(''));
    for (const file of ['docker-compose.yml', 'docker-compose.host.yml']) {
      await symlink(join(ROOT, file), join(SITE, file));
    }
    await makeCertificates(join(SITE, 'certs'));
    return new Stack();
  }

  /**
   * Starts it and waits until all three are healthy.
   * @param {Parameters<typeof Stack.unpack>[0]} [changes]
   */
  static async up(changes) {
    const stack = await Stack.unpack(changes);
    await stack.start();
    return stack;
  }

  /** @param {string[]} args */
  #command(args) {
    return ['docker', 'compose', '--ansi', 'never', '--progress', 'quiet', ...args];
  }

  /**
   * `docker compose` as the operator calls it.
   * @param {string[]} args
   * @param {import('./run.js').RunOptions} [options]
   */
  compose(args, options) {
    return attempt(this.#command(args), { within: UP_MS, ...options, cwd: SITE, env: DOCKER_ENV });
  }

  async start() {
    const { code, stdout, stderr } = await this.compose(['up', '--detach', '--no-build', '--wait']);
    if (code === 0) return;
    throw new Error(`docker compose up ended with ${code}\n${stdout}${stderr}\n${await this.logs()}`);
  }

  /** As `docker compose down --volumes`: nothing is left. */
  async down() {
    const { code, stderr } = await this.compose(['down', '--volumes', '--timeout', '10']);
    if (code !== 0) throw new Error(`docker compose down ended with ${code}\n${stderr}`);
  }

  /** What the services said. @param {Service[]} services */
  async logs(...services) {
    const { stdout } = await this.compose(['logs', '--no-color', '--no-log-prefix', ...services]);
    // It clears the line it writes on, on a terminal or not.
    return stdout.replaceAll('\u001b[2K', '');
  }

  /**
   * @param {Service} service
   * @returns {Promise<Container | undefined>}
   */
  async container(service) {
    const { stdout } = await this.compose(['ps', '--all', '--quiet', service]);
    const id = stdout.trim();
    if (!id) return undefined;
    return JSON.parse(await docker(['inspect', id]))[0];
  }

  /** A container that must be there. @param {Service} service */
  async running(service) {
    const container = await this.container(service);
    if (container?.State.Status !== 'running') throw new Error(`${service} does not run`);
    return container;
  }

  /**
   * Runs a command in a service's container.
   * @param {Service} service
   * @param {string[]} command
   */
  exec(service, command) {
    return this.compose(['exec', '-T', service, ...command]);
  }

  /** Sends a signal to a service's first process. @param {Service} service @param {string} signal */
  async signal(service, signal) {
    const { Id } = await this.running(service);
    await docker(['kill', '--signal', signal, Id]);
  }

  /** Each container's address in their own network, and the network's gateway. */
  async addresses() {
    /** @type {Map<string, string>} */
    const found = new Map();
    for (const service of SERVICES) {
      for (const { IPAddress, Gateway } of Object.values((await this.running(service)).NetworkSettings.Networks)) {
        found.set(service, IPAddress).set('gateway', Gateway);
      }
    }
    return found;
  }
}

/** What there is of the deployment in the engine: containers, networks, volumes, by their names. */
export async function leftInEngine() {
  const label = 'label=com.docker.compose.project=plenary';
  const lists = await Promise.all([
    tryDocker(['ps', '--all', '--filter', label, '--format', '{{.Names}}']),
    tryDocker(['network', 'ls', '--filter', label, '--format', '{{.Name}}']),
    tryDocker(['volume', 'ls', '--filter', label, '--format', '{{.Name}}']),
  ]);
  return lists.flatMap(({ code, stdout, stderr }) => (code === 0 ? stdout.split('\n').filter(Boolean) : [stderr]));
}
