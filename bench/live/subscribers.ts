// Many pages' worth of sockets in one process. They read everything and answer pings, but take no message apart: in earnest other machines do that.
import { connect, type Socket } from 'node:net';

export interface SubscribersParameters {
  readonly url: string;
  readonly count: number;
}

/** What all have received since the question before. */
export interface Reading {
  readonly bytes: number;
  /** Deltas of the one that got the fewest, and of the one that got the most. */
  readonly fewest: number;
  readonly most: number;
  /** Fresh snapshots for those who had fallen behind; the first one of each is not counted. */
  readonly snapshots: number;
  readonly lost: number;
}

const { url, count } = JSON.parse(process.argv[2]!) as SubscribersParameters;
const { hostname, port } = new URL(url);

/** All read into the same memory, one after the other: nothing is kept. */
const buffer = Buffer.alloc(1 << 20);
/** Enough of a message to tell what it is. */
const KIND_LENGTH = 6;

class Subscriber {
  bytes = 0;
  deltas = 0;
  snapshots = -1;
  lost = false;
  readonly #socket: Socket;
  #upgraded = false;
  #header: number[] = [];
  #left = 0;
  #kind = '';

  constructor() {
    this.#socket = connect({ host: hostname, port: Number(port), onread: { buffer, callback: (length, into) => this.#read(Buffer.from(into.buffer, into.byteOffset, length)) } });
    this.#socket.on('close', () => (this.lost = true)).on('error', () => (this.lost = true));
    this.#socket.write(
      `GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: ${hostname}:${port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`,
    );
  }

  #read(chunk: Buffer): boolean {
    this.bytes += chunk.length;
    let at = this.#upgraded ? 0 : this.#upgrade(chunk);
    while (at < chunk.length) at = this.#left > 0 ? this.#payload(chunk, at) : this.#head(chunk, at);
    return true;
  }

  #upgrade(chunk: Buffer): number {
    const end = chunk.indexOf('\r\n\r\n');
    this.#upgraded = end >= 0;
    return this.#upgraded ? end + 4 : chunk.length;
  }

  #head(chunk: Buffer, at: number): number {
    const header = this.#header;
    header.push(chunk[at]!);
    const short = header[1]! & 127;
    const length = short === 126 ? 4 : short === 127 ? 10 : 2;
    if (header.length < Math.max(2, length)) return at + 1;
    this.#left = length === 2 ? short : header.slice(2).reduce((sum, byte) => sum * 256 + byte, 0);
    this.#header = [];
    this.#kind = '';
    return at + 1;
  }

  #payload(chunk: Buffer, at: number): number {
    const taken = Math.min(this.#left, chunk.length - at);
    if (this.#kind.length < KIND_LENGTH) this.#kind += chunk.toString('latin1', at, at + Math.min(taken, KIND_LENGTH - this.#kind.length));
    this.#left -= taken;
    if (this.#left === 0) this.#message(this.#kind);
    return at + taken;
  }

  #message(kind: string): void {
    if (kind.startsWith('0')) this.#send('40');
    else if (kind === '2') this.#send('3');
    else if (kind.startsWith('40')) this.#send('42["subscribe",{"topic":"fleet"}]');
    else if (kind.startsWith('42["d')) this.deltas++;
    else if (kind.startsWith('42["s')) this.snapshots++;
  }

  /** A client must mask; a mask of zeros leaves the text as it is. */
  #send(text: string): void {
    this.#socket.write(Buffer.concat([Buffer.from([0x81, 0x80 | text.length, 0, 0, 0, 0]), Buffer.from(text)]));
  }
}

const all = Array.from({ length: count }, () => new Subscriber());

process.on('message', () => {
  const deltas = all.map((one) => one.deltas);
  const sum = (of: (one: Subscriber) => number): number => all.reduce((total, one) => total + of(one), 0);
  const reading: Reading = {
    bytes: sum((one) => one.bytes), fewest: Math.min(...deltas), most: Math.max(...deltas), snapshots: sum((one) => Math.max(0, one.snapshots)), lost: sum((one) => Number(one.lost)),
  };
  for (const one of all) one.bytes = one.deltas = 0;
  process.send!(reading);
});
process.once('disconnect', () => process.exit());
