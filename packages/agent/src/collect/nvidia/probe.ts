import { execFile } from 'node:child_process';

const PATIENCE_MS = 15_000;

/**
 * Which cards still answer, each asked by itself. One card that has fallen off the bus makes older tools refuse to speak of the
 * others; named one by one, the others answer.
 */
export async function answering(command: string, ids: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (const id of ids) if (await answers(command, id)) found.push(id);
  return found;
}

const answers = (command: string, id: string): Promise<boolean> =>
  new Promise((resolve) => {
    execFile(command, [`--id=${id}`, '--query-gpu=memory.total', '--format=csv,noheader,nounits'], { timeout: PATIENCE_MS, killSignal: 'SIGKILL' }, (error, out) =>
      resolve(!error && /^\d+\s*$/.test(out)),
    );
  });
