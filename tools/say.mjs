// What the scripts say to a person at a terminal: plain lines, and a sentence when something cannot be done.

/** A problem that the person can do something about: printed as its sentence, without a stack. */
export class Trouble extends Error {
  name = 'Trouble';
}

const started = performance.now();

/** One step, with the time since the start. */
export function say(text) {
  process.stdout.write(`${((performance.now() - started) / 1000).toFixed(1).padStart(6)} s  ${text}\n`);
}

/** Runs the program and turns what went wrong into one sentence and exit code 1. */
export async function main(program) {
  try {
    await program();
  } catch (error) {
    process.stderr.write(`\n${error instanceof Trouble ? error.message : error.stack}\n`);
    process.exitCode = 1;
  }
}
