// Outlives the fault suite by a moment: when the channel to it closes, however that came, it ends what the suite had started
// and takes the suite's folder away. nats-server and a stopped engine do not notice by themselves that nobody wants them any more.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';

const marks = new Map();
let folder;

process.on('SIGINT', () => {});
process.on('message', (message) => {
  if (message.folder) folder = message.folder;
  if (message.add) marks.set(message.add, message.mark);
  if (message.remove) marks.delete(message.remove);
});
process.on('disconnect', () => {
  for (const [pid, mark] of marks) {
    try {
      const args = execFileSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' });
      if (args.includes(mark)) process.kill(pid, 'SIGKILL');
    } catch {
      // gone before
    }
  }
  if (folder) rmSync(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
  process.exit();
});
