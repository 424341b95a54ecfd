import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { HOUR, ManualClock, MINUTE, SECOND, type Inventory, type Sample } from '@vacancy/shared';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { silentLog } from '../log.js';
import { addAccount, fileAccounts, removeAccount } from './accounts.js';
import { startServerStatusListener, type ServerStatusListener } from './listener.js';

const START = 1_762_000_000_000;
const UPDATE = {
  uptime: 7793761, memory_total: 115389480, memory_used: 12404684, hdd_total: 7930348, hdd_used: 7217486, cpu: 31.9,
  network_in: 1472131498480, network_out: 6131962388933, gpu_status: [['0', 'TITAN Xp', 7271, 12196]],
};

let folder: string;
let file: string;
let clock: ManualClock;
let listener: ServerStatusListener;
let sent: { subject: string; message: Sample & Inventory; message_id: string | undefined }[];
let broker_away: boolean;
const clients: Client[] = [];

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'vacancy-serverstatus-'));
  file = path.join(folder, 'accounts.json');
  await addAccount(file, { user: 's01', password: 'pa:ss' });
  clock = new ManualClock(START);
  sent = [];
  broker_away = false;
  const publish = async (subject: string, data: string, message_id?: string) => {
    if (broker_away) throw new Error('no broker');
    sent.push({ subject, message: JSON.parse(data) as Sample & Inventory, message_id });
  };
  listener = await startServerStatusListener(
    { host: '127.0.0.1', port: 0, accounts: fileAccounts(file), publish, log: silentLog, max_connections: 8 },
    clock,
  );
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.socket.destroy();
  await listener[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

/** Reads as the stock client does: one `recv` returns what one segment brought. */
class Client {
  readonly socket: Socket;
  readonly #chunks: string[] = [];
  #wake = () => {};
  closed = false;

  constructor(port: number, host = '127.0.0.1') {
    this.socket = connect(port, host);
    this.socket.on('data', (chunk) => {
      this.#chunks.push(chunk.toString('latin1'));
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.socket.on('close', () => {
      this.closed = true;
      this.#wake();
    });
    clients.push(this);
  }

  /** The next segment, or '' when the server has hung up. */
  async recv(): Promise<string> {
    while (this.#chunks.length === 0 && !this.closed) await new Promise<void>((wake) => (this.#wake = wake));
    return this.#chunks.shift() ?? '';
  }

  send(text: string): void {
    this.socket.write(text);
  }

  /** Nothing has come that was not read. */
  get silent(): boolean {
    return this.#chunks.length === 0;
  }

  async login(credentials = 's01:pa:ss\n'): Promise<string> {
    await this.recv();
    this.send(credentials);
    return this.recv();
  }

  async banner(): Promise<string> {
    clock.advance(40);
    return this.recv();
  }

  update(fields: object = UPDATE): void {
    this.send(`update ${JSON.stringify(fields)}\n`);
  }
}

const client = (host?: string) => new Client(listener.port, host);
async function reporting(): Promise<Client> {
  const one = client();
  await one.login();
  await one.banner();
  return one;
}
const samples = () => sent.filter(({ subject }) => subject.startsWith('vacancy.v1.sample.'));
const inventories = () => sent.filter(({ subject }) => subject.startsWith('vacancy.v1.inventory.'));

describe('a stock client', () => {
  it('hears exactly what it waits for, the banner apart from the welcome, and nothing after it', async () => {
    const one = client();
    expect(await one.recv()).toBe('Authentication required:\n');
    one.send('s01:pa:ss\n');
    expect(await one.recv()).toBe('Authentication successful. Access granted.\n');
    clock.advance(39);
    expect(one.silent).toBe(true);
    clock.advance(1);
    expect(await one.recv()).toBe('You are connecting via: IPv4\n');
    one.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
    expect(one.silent).toBe(true);
  });

  it('is told that it comes by IPv6 when it does', async () => {
    await using six = await startServerStatusListener({ host: '::1', port: 0, accounts: fileAccounts(file), publish: async () => {}, log: silentLog }, clock);
    const one = new Client(six.port, '::1');
    await one.login();
    expect(await one.banner()).toBe('You are connecting via: IPv6\n');
    one.socket.destroy();
  });

  it('becomes a server: a sample for each update, named by its connection, and an inventory when it changes or an hour has passed', async () => {
    const one = await reporting();
    one.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
    clock.advance(1_030);
    one.update({ ...UPDATE, cpu: 12 });
    await vi.waitFor(() => expect(samples()).toHaveLength(2));
    const [first, second] = samples().map(({ message }) => message);
    expect(first).toMatchObject({ server: 's01', seq: 0, ts: START + 40, interval_ms: 1_000, cpu: 31.9 });
    expect(second).toMatchObject({ server: 's01', seq: 1, ts: START + 1_070, interval_ms: 1_030, cpu: 12, boot_id: first!.boot_id });
    expect(first!.boot_id).toMatch(/^[0-9a-f]{32}$/);
    expect(samples()[1]!.message_id).toBe(`s01:${first!.boot_id}:1`);
    expect(inventories()).toHaveLength(1);
    expect(inventories()[0]!.message).toMatchObject({ name: 's01', address: '127.0.0.1', gpu_num: 1 });

    one.update({ ...UPDATE, memory_total: 1e9 });
    await vi.waitFor(() => expect(inventories()).toHaveLength(2));
    expect(inventories()[1]!.message.memory_limit).toBe(1e9 * 1024);
    for (let passed = 0; passed <= HOUR; passed += 30 * SECOND) {
      clock.advance(30 * SECOND);
      one.update({ ...UPDATE, memory_total: 1e9 });
      const expected = 3 + Math.floor(passed / (30 * SECOND)) + 1;
      await vi.waitFor(() => expect(samples()).toHaveLength(expected), { interval: 1 });
    }
    await vi.waitFor(() => expect(inventories()).toHaveLength(3));
  });

  it('starts a new sequence with a new connection', async () => {
    for (const expected of [1, 2]) {
      const one = await reporting();
      one.update();
      await vi.waitFor(() => expect(samples()).toHaveLength(expected));
      one.socket.destroy();
      await vi.waitFor(() => expect(listener.users()).toEqual([]));
    }
    const [first, second] = samples().map(({ message }) => message);
    expect([first!.seq, second!.seq]).toEqual([0, 0]);
    expect(second!.boot_id).not.toBe(first!.boot_id);
  });

  it('that logs in again takes over from its old connection', async () => {
    const old = await reporting();
    const fresh = await reporting();
    expect(await old.recv()).toMatch(/^Another connection/);
    expect(await old.recv()).toBe('');
    expect(listener.users()).toEqual(['s01']);
    fresh.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
  });

  it('may send updates cut and joined as TCP likes', async () => {
    const one = await reporting();
    const line = `update ${JSON.stringify(UPDATE)}\n`;
    one.send(line + line.slice(0, 50));
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
    one.send(line.slice(50) + line);
    await vi.waitFor(() => expect(samples()).toHaveLength(3));
    expect(listener.counts).toMatchObject({ logins: 1, samples: 3, ignored: 0 });
  });

  it('stays connected after a broken update', async () => {
    const one = await reporting();
    one.send('update {broken\nhello\n');
    one.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
    expect(listener.counts.ignored).toBe(1);
  });

  it('gets an answer to each line only after it asked for that', async () => {
    const one = await reporting();
    one.send('pong on\n');
    expect(await one.recv()).toBe('0\n');
    one.send('update {broken\n');
    expect(await one.recv()).toBe('1\n');
    one.send('pong off\n');
    one.send('logout\n');
    expect(await one.recv()).toBe('Bye.\n');
  });

  it('is counted as lost, not as sent, while the broker is away; the inventory is said again', async () => {
    const one = await reporting();
    broker_away = true;
    one.update();
    await vi.waitFor(() => expect(listener.counts.lost).toBe(2));
    broker_away = false;
    one.update();
    await vi.waitFor(() => expect(listener.counts.samples).toBe(1));
    await vi.waitFor(() => expect(inventories()).toHaveLength(1));
  });
});

describe('the door', () => {
  it('stays shut for a wrong password, and says so', async () => {
    const one = client();
    expect(await one.login('s01:wrong\n')).toBe('Wrong username and/or password.\n');
    expect(await one.recv()).toBe('');
    expect(await client().login('nobody:pa:ss\n')).toBe('Wrong username and/or password.\n');
    expect(await client().login('s01\n')).toBe('Wrong username and/or password.\n');
    expect(listener.counts).toMatchObject({ logins: 0, refused: 3 });
  });

  it('does not check a sixth wrong password within a minute, but lets the neighbour in', async () => {
    await addAccount(file, { user: 's02', password: 'x' });
    for (let attempt = 0; attempt < 5; attempt++) expect(await client().login('s01:wrong\n')).toMatch(/^Wrong/);
    expect(await client().login('s01:pa:ss\n')).toBe('You have been banned for 1 minute (too many wrong passwords).\n');
    expect(await client().login('s02:x\n')).toMatch(/^Authentication successful/);
    clock.advance(MINUTE + 1);
    expect(await client().login('s01:pa:ss\n')).toMatch(/^Authentication successful/);
  });

  it('closes after five seconds without credentials, and after a minute without an update', async () => {
    const mute = client();
    await mute.recv();
    clock.advance(5 * SECOND);
    expect(await mute.recv()).toBe('Authentication timeout.\n');
    const idle = await reporting();
    clock.advance(MINUTE - 1);
    expect(idle.silent).toBe(true);
    clock.advance(1 + 40);
    expect(await idle.recv()).toBe('Timeout.\n');
    expect(await idle.recv()).toBe('');
  });

  it('hangs up on credentials over 1 KiB and on lines over 64 KiB', async () => {
    const long = client();
    expect(await long.login(`s01:${'x'.repeat(1_100)}`)).toBe('Line too long.\n');
    const one = await reporting();
    one.send(`update ${'x'.repeat(66_000)}`);
    expect(await one.recv()).toBe('Line too long.\n');
  });

  it('looks at no more passwords of one address because they come at once', async () => {
    const all = Array.from({ length: 8 }, () => client());
    const answers = await Promise.all(all.map((one) => one.login('s01:wrong\n')));
    expect(answers.filter((answer) => answer.startsWith('Wrong'))).toHaveLength(5);
    expect(answers.filter((answer) => answer.startsWith('You have been banned'))).toHaveLength(3);
  });

  it('takes no more clients than it has places for', async () => {
    for (let place = 0; place < 8; place++) {
      await addAccount(file, { user: `p${place}`, password: 'x' });
      expect(await client().login(`p${place}:x\n`)).toMatch(/^Authentication successful/);
    }
    expect(await client().recv()).toBe('No free slot available.\n');
    clients[0]!.socket.destroy();
    await vi.waitFor(async () => expect(await client().recv()).toBe('Authentication required:\n'));
  });

  it('lets a client in though every place is taken by connections that say nothing', async () => {
    const mute = Array.from({ length: 8 }, () => client());
    for (const one of mute) expect(await one.recv()).toBe('Authentication required:\n');
    expect(await client().login()).toMatch(/^Authentication successful/);
    expect(await mute[0]!.recv()).toBe('No free slot available.\n');
    expect(mute[1]!.silent).toBe(true);
  });

  it('is heard out though the hub’s clock was set back', async () => {
    const one = await reporting();
    one.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
    clock.now = () => START - HOUR;
    one.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(2));
    expect(listener.counts.ignored).toBe(0);
  });

  it('hangs up on a client that asks for answers and does not read them', async () => {
    const one = await reporting();
    one.send('pong on\n');
    one.socket.pause();
    const closed = once(one.socket, 'close');
    const flood = setInterval(() => one.socket.write('x\n'.repeat(200_000)), 1);
    try {
      await vi.waitFor(() => expect(listener.users()).toEqual([]), { timeout: 20_000 });
    } finally {
      clearInterval(flood);
      one.socket.destroy();
      await closed;
    }
  }, 30_000);

  it('lets a flood through at ten updates a second', async () => {
    const one = await reporting();
    one.send(`update ${JSON.stringify(UPDATE)}\n`.repeat(200));
    await vi.waitFor(() => expect(listener.counts.ignored).toBe(140));
    await vi.waitFor(() => expect(listener.counts.samples).toBe(60));
    clock.advance(SECOND);
    one.send(`update ${JSON.stringify(UPDATE)}\n`.repeat(20));
    await vi.waitFor(() => expect(listener.counts.ignored).toBe(150));
    await vi.waitFor(() => expect(listener.counts.samples).toBe(70));
    expect(listener.counts.lost).toBe(0);
  });

  it('puts out within a minute a client whose account was removed', async () => {
    const one = await reporting();
    await removeAccount(file, 's01');
    one.update();
    clock.advance(MINUTE / 2);
    await vi.waitFor(() => expect(samples()).toHaveLength(1));
    one.update();
    await vi.waitFor(() => expect(samples()).toHaveLength(2));
    clock.advance(MINUTE / 2);
    expect(await one.recv()).toBe('Server is not configured.\n');
  });

  it('says goodbye when the service stops, and its port is free again', async () => {
    const one = await reporting();
    await listener[Symbol.asyncDispose]();
    expect(await one.recv()).toBe('Server shutting down...\n');
    const socket = connect(listener.port, '127.0.0.1');
    await expect(once(socket, 'connect')).rejects.toThrow('ECONNREFUSED');
  });
});
