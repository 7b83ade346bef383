/** Path data of the icons, drawn for this project on a 24 x 24 grid, 2 px strokes. */

/** The brand's mark: a speech bubble with a tick in it, "asked and answered". */
export const MARK =
  "M6.5 3.5h11a3.5 3.5 0 0 1 3.5 3.5v7a3.5 3.5 0 0 1-3.5 3.5h-4.6L8 21v-3.5H6.5A3.5 3.5 0 0 1 3 14V7a3.5 3.5 0 0 1 3.5-3.5Z M8 10.6l2.9 2.8L16.2 8";
export const CHEVRON_DOWN = "M6 9.5l6 6 6-6";
export const CLOSE = "M6.5 6.5l11 11 M17.5 6.5l-11 11";
export const SEND = "M12 19.5V5 M5.5 11 12 4.5 18.5 11";
export const CLIP =
  "M20 11.5 12.2 19.3a4.9 4.9 0 0 1-7-7L13 4.6a3.3 3.3 0 0 1 4.7 4.7l-7.8 7.7a1.6 1.6 0 0 1-2.3-2.3l7.1-7.1";
export const PERSON =
  "M12 11.5a3.75 3.75 0 1 0 0-7.5 3.75 3.75 0 0 0 0 7.5Z M4.5 20c.6-3.6 3.7-5.5 7.5-5.5s6.9 1.9 7.5 5.5";
export const LINK = "M9 15 19 5 M11.5 5H19v7.5 M15 14v5H5V9h5";
export const DOWNLOAD = "M12 4v10.5 M7.5 10.5 12 15l4.5-4.5 M5 19.5h14";
export const TRASH = "M5 7h14 M9.5 7V4.5h5V7 M7 7l.8 12.5h8.4L17 7 M10.5 10.5v5.5 M13.5 10.5v5.5";
export const THUMB_UP =
  "M7.5 11v8.5H4.5V11Z M7.5 11l4-7a2 2 0 0 1 2 2.3L13 9.5h4.8a2 2 0 0 1 2 2.4l-1.2 6a2 2 0 0 1-2 1.6H7.5";
