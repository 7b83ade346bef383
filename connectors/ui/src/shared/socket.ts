/** What every live connection of ours needs beyond Socket.IO's own returning. */

import type { Socket } from "socket.io-client";

/**
 * Keeps a socket connected until the returned function is called, which closes it.
 * `lost` is called whenever the connection breaks or can't be made; after `refusedMs` it is tried again
 * where Socket.IO would not.
 */
export function keepConnected(socket: Socket, lost: () => void, refusedMs: number): () => void {
  let again: ReturnType<typeof setTimeout> | undefined;
  const onLost = () => {
    lost();
    // Socket.IO does not return by itself when the server closed or refused the connection.
    clearTimeout(again);
    if (!socket.active) again = setTimeout(() => socket.connect(), refusedMs);
  };
  // The browser knows first that the network is back: do not wait for the next try.
  const back = () => {
    if (!socket.connected) socket.disconnect().connect();
  };
  socket.on("disconnect", onLost);
  socket.on("connect_error", onLost);
  addEventListener("online", back);
  return () => {
    clearTimeout(again);
    removeEventListener("online", back);
    socket.off();
    socket.disconnect();
  };
}
