/** `server/id` of a card, made once: an answer asks about thousands of cards, and a string made anew is hashed anew. */
export function cardKeys(): (server: string, id: number) => string {
  const known = new Map<string, string[]>();
  return (server, id) => {
    let keys = known.get(server);
    if (!keys) known.set(server, (keys = []));
    return (keys[id] ??= `${server}/${id}`);
  };
}
