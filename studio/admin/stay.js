// Exchanges the ticket of a sign-in for a cookie that no script can read, so that the page may be
// reloaded. The server takes each ticket once.

export default function ({ data }) {
  fetch(new URL("stay", location.href), { method: "POST", body: data.ticket });
}
