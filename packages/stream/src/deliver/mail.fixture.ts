import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

/** As much of SMTP as a client needs, for tests. `refuse` answers a mail's recipient, such as `450 later`. */
export async function mailServer(refuse: string | null = null) {
  const commands: string[] = [];
  const mails: string[] = [];
  const tcp = createServer((socket) => {
    let data: string | null = null;
    let rest = '';
    const say = (line: string) => socket.write(`${line}\r\n`);
    say('220 test');
    socket.on('error', () => {}).setEncoding('latin1').on('data', (chunk) => {
      rest += chunk.toString();
      for (let end = rest.indexOf('\r\n'); end >= 0; end = rest.indexOf('\r\n')) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 2);
        if (data !== null) {
          if (line !== '.') data += `${line}\r\n`;
          else {
            mails.push(data);
            data = null;
            say('250 kept');
          }
          continue;
        }
        commands.push(line);
        if (line === 'DATA') {
          data = '';
          say('354 go on');
        } else if (refuse !== null && line.startsWith('RCPT')) say(refuse);
        else if (line === 'QUIT') socket.end('221 bye\r\n');
        else say(line.startsWith('EHLO') ? '250 test' : '250 ok');
      }
    });
  }).listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  return { commands, mails, port: (tcp.address() as AddressInfo).port, [Symbol.asyncDispose]: async () => void tcp.close() };
}
