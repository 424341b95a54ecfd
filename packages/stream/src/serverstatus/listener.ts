import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { MINUTE, systemClock, type Clock } from '@vacancy/shared';
import type { Log } from '../log.js';
import type { Accounts } from './accounts.js';
import { Attempts } from './attempts.js';
import { Session, type Publish, type ServerStatusCounts } from './session.js';

export interface ServerStatusOptions {
  /** Passwords travel in clear: loopback (behind stunnel or ssh) or a private network. */
  readonly host: string;
  /** Stock clients use 35601; 0 takes a free one. */
  readonly port: number;
  readonly accounts: Accounts;
  readonly publish: Publish;
  readonly log: Log;
  readonly max_connections?: number;
}

export interface ServerStatusListener extends AsyncDisposable {
  readonly port: number;
  readonly counts: Readonly<ServerStatusCounts>;
  /** Who is connected now. */
  users(): string[];
}

/** Lets stock clients of cppla/ServerStatus report. What they send becomes samples and inventories like an agent's. @throws when the port is taken. */
export async function startServerStatusListener(options: ServerStatusOptions, clock: Clock = systemClock): Promise<ServerStatusListener> {
  const { accounts, log, publish, max_connections = 512 } = options;
  const counts: ServerStatusCounts = { logins: 0, refused: 0, samples: 0, ignored: 0, lost: 0 };
  const sessions = new Set<Session>();
  const by_user = new Map<string, Session>();
  const around = {
    accounts, publish, log, clock, counts,
    attempts: new Attempts(clock),
    entered(user: string, session: Session) {
      by_user.get(user)?.close('Another connection of this user has taken over.');
      by_user.set(user, session);
    },
    left(session: Session) {
      sessions.delete(session);
      if (by_user.get(session.user) === session) by_user.delete(session.user);
    },
  };

  const server = createServer((socket: Socket) => {
    // Connections that say nothing must not keep the clients out: the one that has waited longest makes room.
    if (sessions.size >= max_connections) [...sessions].find((session) => session.waiting)?.close('No free slot available.');
    if (sessions.size < max_connections) sessions.add(new Session(socket, around));
    else {
      socket.on('error', () => {});
      socket.end('No free slot available.\n', () => socket.destroy());
    }
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;

  /** An account that was removed loses its connection within a minute. */
  const review = async (): Promise<void> => {
    for (const [user, session] of by_user) if (!(await accounts.has(user).catch(() => true))) session.close('Server is not configured.');
    cancel = clock.setTimer(MINUTE, () => void review());
  };
  let cancel = clock.setTimer(MINUTE, () => void review());
  let closing = false;
  log.info({ host: options.host, port }, 'ServerStatus clients welcome');

  return {
    port,
    counts,
    users: () => [...by_user.keys()].sort(),
    async [Symbol.asyncDispose]() {
      if (closing) return;
      closing = true;
      cancel();
      server.close();
      for (const session of sessions) session.close('Server shutting down...');
      await once(server, 'close');
      log.info(counts, 'ServerStatus listener stopped');
    },
  };
}
