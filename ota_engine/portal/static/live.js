// Follows one stream of the server and puts what has changed in its place. Pages are whole without it.
const stream = document.body.dataset.stream;
const state = document.getElementById("live-state");
const said = document.getElementById("live-said");
let source = null;

const say = (word, kind) => {
  state.textContent = word;
  state.dataset.kind = kind;
};

// Make one node like another, touching nothing that is the same: focus, selection and scroll stay.
const alike = (old, fresh) => {
  if (old.nodeType !== fresh.nodeType || old.nodeName !== fresh.nodeName || old.id !== fresh.id) {
    old.replaceWith(fresh);
    return;
  }
  if (old.nodeType !== Node.ELEMENT_NODE) {
    if (old.nodeValue !== fresh.nodeValue) old.nodeValue = fresh.nodeValue;
    return;
  }
  for (const { name } of [...old.attributes]) {
    const keeps = name === "open" && old.nodeName === "DETAILS";
    if (!keeps && !fresh.hasAttribute(name)) old.removeAttribute(name);
  }
  for (const { name, value } of fresh.attributes) {
    if (name === "open" && old.nodeName === "DETAILS") continue;
    if (old.getAttribute(name) !== value) old.setAttribute(name, value);
  }
  children(old, fresh);
};

const children = (old, fresh) => {
  const wanted = [...fresh.childNodes];
  wanted.forEach((node, place) => {
    const there = old.childNodes[place];
    if (!there) old.append(node);
    else if (!there.isEqualNode(node)) alike(there, node);
  });
  while (old.childNodes.length > wanted.length) old.lastChild.remove();
};

// One sentence for those who hear the page, and not so often that it is all they hear.
let next = "";
let waiting = false;
const tell = (sentence) => {
  if (!sentence) return;
  next = sentence;
  if (waiting || said.textContent === next) return;
  said.textContent = next;
  waiting = true;
  setTimeout(() => {
    waiting = false;
    tell(next);
  }, 10000);
};

const put = (event) => {
  const told = JSON.parse(event.data);
  if (told.gone) return say("No longer here", "off");
  for (const [id, html] of Object.entries(told.fragments)) {
    const place = document.getElementById(id);
    if (!place) continue;
    const fresh = place.cloneNode(false);
    fresh.innerHTML = html;
    children(place, fresh);
  }
  tell(told.said);
};

const close = () => {
  source?.close();
  source = null;
};

const open = () => {
  if (source || document.hidden) return;
  source = new EventSource(stream);
  source.addEventListener("open", () => say("Live", "on"));
  source.addEventListener("page", put);
  source.addEventListener("over", () => {
    close();
    say("Signed out: reload", "off");
  });
  source.addEventListener("error", () => {
    const ended = source?.readyState === EventSource.CLOSED;
    say(ended ? "Not live: reload" : "Not live: trying again", "off");
    if (ended) close();
  });
};

document.addEventListener("visibilitychange", () => (document.hidden ? close() : open()));
addEventListener("pagehide", close);
open();
