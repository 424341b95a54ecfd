import { mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { createUser, fromSeed } from '@nats-io/nkeys';
import { AGENTS_FILE, ensureAgents } from './agents.js';
import { locked, writeWhole } from './files.js';
import { natsConfig, type NatsConfigOptions } from './nats-config.js';
import { CONFIG_FILE, PID_FILE } from './reload.js';

export interface HubOptions extends Partial<Pick<NatsConfigOptions, 'host' | 'tls' | 'monitor_port' | 'max_file_bytes' | 'version'>> {
  readonly data_dir: string;
  readonly port: number;
}

export interface Hub {
  /** The folder that `enroll`, `revoke` and `listEnrolled` take. */
  readonly dir: string;
  /** What nats-server is started with: `-c <config>`. */
  readonly config: string;
  /** File with the nkey seed that the stream service signs in with. */
  readonly stream_credentials: string;
}

export const hubDir = (data_dir: string): string => path.join(path.resolve(data_dir), 'nats');

/** Makes the broker's folder ready for a start: its configuration, the stream service's key, the list of agents. Safe to repeat. */
export async function prepareHub(options: HubOptions): Promise<Hub> {
  const { data_dir, port, host = '127.0.0.1', ...rest } = options;
  const dir = hubDir(data_dir);
  const config = path.join(dir, CONFIG_FILE);
  const stream_credentials = path.join(dir, 'stream.nk');
  await mkdir(path.join(dir, 'js'), { recursive: true });
  const stream_nkey = await ensureKey(stream_credentials);
  await ensureAgents(dir);
  const text = natsConfig({
    ...rest, host, port, stream_nkey,
    store_dir: path.join(dir, 'js'), pid_file: path.join(dir, PID_FILE), agents_file: AGENTS_FILE,
  });
  await writeWhole(config, text, 0o644);
  return { dir, config, stream_credentials };
}

/** @returns the public key of the seed in the file, which is created if need be. */
const ensureKey = (file: string): Promise<string> =>
  locked(file, async () => {
    const known = await readFile(file, 'utf8').catch((cause: NodeJS.ErrnoException) => {
      if (cause.code === 'ENOENT') return null;
      throw cause;
    });
    if (known !== null) return fromSeed(new TextEncoder().encode(known.trim())).getPublicKey();
    const key = createUser();
    await writeWhole(file, `${new TextDecoder().decode(key.getSeed())}\n`, 0o600);
    return key.getPublicKey();
  });
