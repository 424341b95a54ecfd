import { INVENTORY_SUBJECTS, SAMPLE_SUBJECTS } from '@vacancy/shared';
import { isLoopback } from '../config.js';

export interface NatsConfigOptions {
  /** Address to listen on. Anything but loopback makes credentials a must for everybody. */
  readonly host: string;
  readonly port: number;
  /** Public nkey (`U…`) of the stream service. */
  readonly stream_nkey: string;
  readonly store_dir: string;
  readonly pid_file: string;
  /** Beside the configuration: the server looks for includes there and nowhere else. */
  readonly agents_file: string;
  readonly tls?: { readonly cert_file: string; readonly key_file: string; readonly ca_file?: string };
  /** Port for health probes, on loopback alone. */
  readonly monitor_port?: number;
  /** Most disk for streams; 24 GiB when absent. */
  readonly max_file_bytes?: number;
  /** Version of the server that will read this: `sync_interval` is known from 2.10 on, an older one refuses to start over it. Left out when absent. */
  readonly version?: string;
}

/** Agents' messages are this large at most, headers included: a sample of 64 KiB fits. */
const MAX_AGENT_PAYLOAD = 68 * 1024;

/**
 * The hub's broker. Agents live in an account of their own, without JetStream: what they may do is publish to their two
 * subjects, which reach the streams by a service import. So no reply subject they make up leads into the streams' account,
 * where an acknowledgement sent to `$JS.API.STREAM.PURGE.…` would be taken for a request (nats-server up to 2.10).
 */
export function natsConfig(options: NatsConfigOptions): string {
  const { host, port, stream_nkey, tls } = options;
  const open = isLoopback(host);
  return `# Written by Vacancy at every start; changes here are lost.
listen: ${quote(`${host.includes(':') ? `[${host}]` : host}:${port}`)}
pid_file: ${quote(options.pid_file)}
${options.monitor_port ? `http: "127.0.0.1:${options.monitor_port}"\n` : ''}# Longer samples are set aside by the stream service, which can say why; far longer ones are refused here.
max_payload: 1048576
${tls ? `tls {\n  cert_file: ${quote(tls.cert_file)}\n  key_file: ${quote(tls.key_file)}\n${tls.ca_file ? `  ca_file: ${quote(tls.ca_file)}\n` : ''}}\n` : ''}jetstream {
  store_dir: ${quote(options.store_dir)}
  max_mem: 268435456
  max_file: ${options.max_file_bytes ?? 24 * 1024 ** 3}
${atLeast(options.version ?? '0', 2, 10) ? '  sync_interval: "1s"\n' : ''}}
${open ? '# Only programs of this machine can come here: they may do so without credentials.\nno_auth_user: local\n' : ''}accounts {
  VACANCY {
    jetstream: enabled
    users: [
      { nkey: ${publicKey(stream_nkey)} }
${open ? '      { user: local, password: "" }\n' : ''}    ]
    exports: [
      { service: ${quote(SAMPLE_SUBJECTS)}, accounts: [AGENTS] }
      { service: ${quote(INVENTORY_SUBJECTS)}, accounts: [AGENTS] }
    ]
  }
  AGENTS {
    limits { max_payload: ${MAX_AGENT_PAYLOAD} }
    include ${quote(options.agents_file)}
    imports: [
      { service: { account: VACANCY, subject: ${quote(SAMPLE_SUBJECTS)} } }
      { service: { account: VACANCY, subject: ${quote(INVENTORY_SUBJECTS)} } }
    ]
  }
}
`;
}

export function atLeast(version: string, major: number, minor: number): boolean {
  const [a = 0, b = 0] = version.split('.').map(Number);
  return a > major || (a === major && b >= minor);
}

/** The server's strings know few escapes; names that need others are better refused than guessed. */
function quote(text: string): string {
  if (/[\p{Cc}"\\]/u.test(text)) throw new RangeError(`${JSON.stringify(text)} cannot stand in the broker's configuration`);
  return `"${text}"`;
}

function publicKey(nkey: string): string {
  if (!/^U[A-Z2-7]{55}$/.test(nkey)) throw new RangeError(`${JSON.stringify(nkey)} is no public user key`);
  return nkey;
}
