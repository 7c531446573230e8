/** The values of all promises, once every one has ended: where one fails, no other is left running behind its back. Throws the first reason. */
export async function allOf<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const ends = await Promise.allSettled(promises);
  return ends.map((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}
