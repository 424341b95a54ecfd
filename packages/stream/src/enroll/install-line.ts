import { isServerId } from '@vacancy/shared';

export interface InstallLine {
  readonly id: string;
  readonly seed: string;
  /** Where the hub's pages are, as the server reaches them: `http://hub:7070`. */
  readonly hub_url: string;
  /** Where the broker is, as the server reaches it: `nats://hub:4222` or `tls://hub:4222`. */
  readonly nats_url: string;
  /** SHA-256 of the install script that the hub serves; the script carries the archive's. */
  readonly install_sha256: string;
}

/**
 * The line to paste on the server. What it fetches is checked against the checksum that the hub's terminal showed, so it may come
 * over plain HTTP; the secret goes through standard input, where `ps` doesn't show it. Root on a machine without sudo needs none.
 */
export function installLine(line: InstallLine): string {
  const { id, seed, install_sha256 } = line;
  const hub = address(line.hub_url, ['http:', 'https:']);
  const nats = address(line.nats_url, ['nats:', 'tls:']);
  if (!isServerId(id) || !/^SU[A-Z2-7]{56}$/.test(seed) || !/^[0-9a-f]{64}$/.test(install_sha256)) throw new RangeError('not an enrolment');
  return [
    'cd "$(mktemp -d)"',
    `{ curl -fsSO ${hub}/agent/install.sh || wget -q ${hub}/agent/install.sh; }`,
    `echo "${install_sha256}  install.sh" | sha256sum -c --quiet`,
    `echo ${seed} | $(command -v sudo) sh install.sh ${id} ${nats} ${hub}`,
  ].join(' && ');
}

/** Only what a shell takes as it stands. */
function address(text: string, protocols: readonly string[]): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const plain = text.replace(/\/+$/, '');
  if (url && protocols.includes(url.protocol) && /^[a-z]+:\/\/[A-Za-z0-9._:[\]-]+(?:\/[A-Za-z0-9._/-]*)?$/.test(plain)) return plain;
  throw new RangeError(`"${text}" is no address such as ${protocols[0]}//hub:1234`);
}
