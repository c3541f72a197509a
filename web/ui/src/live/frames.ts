/** Work that is done once per painted frame, however often it was asked for. A hidden tab does none. */

/** A function that has `work` done before the next paint; further calls until then change nothing. */
export function oncePerFrame(work: () => void): () => void {
  let waits = false;
  return () => {
    if (waits) return;
    waits = true;
    requestAnimationFrame(() => {
      waits = false;
      work();
    });
  };
}
