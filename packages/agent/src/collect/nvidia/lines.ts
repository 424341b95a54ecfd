/** Longer than any line of these tools; text without a line end may not fill the memory. */
const MAX_LINE = 64 * 1024;

/** Chunks as a pipe brings them, cut anywhere → whole lines. */
export class Lines {
  #rest = '';

  push(chunk: string): string[] {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop()!.slice(-MAX_LINE);
    return lines.map((line) => line.replace(/\r$/, '')).filter((line) => line.trim() !== '');
  }

  /** What the last chunk left without a line end. */
  end(): string[] {
    return this.push('\n');
  }
}
