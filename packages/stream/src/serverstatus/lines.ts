/** Cuts a stream of bytes into lines; CR and the NULs of old C++ programs at a line's ends are not part of it. */
export class LineReader {
  #rest: Buffer = Buffer.alloc(0);

  /** @returns the lines that are complete now, or `null` when one is longer than `limit` bytes: then the peer is not worth hearing further. */
  push(chunk: Buffer, limit: number): string[] | null {
    const lines: string[] = [];
    let data = this.#rest.length ? Buffer.concat([this.#rest, chunk]) : chunk;
    for (let end = data.indexOf(LF); end !== -1; end = data.indexOf(LF)) {
      if (end > limit) return null;
      lines.push(trim(data.toString('utf8', 0, end)));
      data = data.subarray(end + 1);
    }
    this.#rest = data;
    return data.length > limit ? null : lines;
  }
}

const LF = 0x0a;

const trim = (line: string): string => line.replace(/^[\0\r]+|[\0\r]+$/g, '');
