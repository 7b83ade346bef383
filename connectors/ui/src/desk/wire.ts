/** The desk's live connection. Nothing depends on an event arriving: after every (re)connection the
 * lists are asked for anew. */

import { io } from "socket.io-client";
import { keepConnected } from "../shared/socket";
import type { Line, Row, Viewer } from "./model";

/** Wait before trying again after the server closed or refused the connection, in milliseconds. */
const REFUSED_MS = 3_000;

export interface WireEvents {
  online(): void;
  lost(): void;
  rows(change: { changed: Row[]; gone: string[] }): void;
  /** The newest lines of the open conversation, in order. */
  lines(news: { id: string; lines: Line[] }): void;
  viewers(here: { id: string; viewers: Viewer[] }): void;
}

export interface CaseCount {
  open: number;
  late: number;
}

export interface Wire {
  /** Says which conversation this page shows, or none. */
  open(id: string | null): void;
  typing(on: boolean): void;
  close(): void;
}

export function connect(events: WireEvents, cases: (count: CaseCount) => void): Wire {
  const socket = io("/desk", {
    path: "/socket.io",
    transports: ["websocket", "polling"],
    tryAllTransports: true,
    reconnectionDelay: 300,
    reconnectionDelayMax: 5_000,
    forceNew: true,
  });
  socket.on("connect", events.online);
  socket.on("rows", events.rows);
  socket.on("lines", events.lines);
  socket.on("viewers", events.viewers);
  socket.on("cases", cases);
  return {
    open: (id) => void (socket.connected && socket.emit("open", { id })),
    typing: (on) => void (socket.connected && socket.emit("typing", { on })),
    close: keepConnected(socket, events.lost, REFUSED_MS),
  };
}
