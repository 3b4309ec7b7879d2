// Ask who is signed in, and show the answer: the facts, or the reason why there are none.

const button = document.getElementById("who");
const answer = document.getElementById("answer");
const told = document.getElementById("told");
const refused = document.getElementById("refused");

async function ask() {
  button.disabled = true;
  try {
    const response = await fetch(button.dataset.url, { headers: { Accept: "application/json" } });
    const facts = await response.json();
    answer.replaceChildren(...(response.status === 401 ? [refusal(facts)] : []), raw(response, facts));
    told.textContent = response.ok ? `You are ${facts.user}.` : facts.detail;
  } catch {
    answer.textContent = told.textContent = "The site did not answer. Please try again.";
  } finally {
    button.disabled = false;
    button.focus();
  }
}

function refusal({ detail, login_url }) {
  const notice = refused.content.cloneNode(true);
  notice.querySelector("[data-detail]").textContent = detail;
  const link = notice.querySelector("a");
  link.href = withNext(login_url);
  showSignedOut(link.cloneNode(true));
  return notice;
}

// The page was made for somebody who was signed in, and its header still says so.
function showSignedOut(link) {
  link.className = "jenk-button jenk-button--quiet";
  document.querySelector(".site-who")?.replaceChildren(link);
}

function withNext(address) {
  const url = new URL(address, location.origin);
  url.searchParams.set("next", location.pathname);
  return url.pathname + url.search;
}

function raw(response, facts) {
  const block = document.createElement("pre");
  block.tabIndex = 0;
  block.textContent = `${response.status} ${response.statusText}\n\n${JSON.stringify(facts, null, 2)}`;
  return block;
}

button.hidden = false;
button.addEventListener("click", ask);
