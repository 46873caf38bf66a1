/** Says while a new password is typed what it lacks; whether it is easy to guess, the server judges when it comes. */

for (const hint of document.querySelectorAll("[data-password-hint]")) {
  const input = document.getElementById(hint.dataset.passwordHint);
  const advice = hint.textContent;
  const name = document.getElementById("username");
  hint.setAttribute("role", "status");
  input.addEventListener("input", () => {
    const lacking = whatLacks(input.value, input.minLength, name?.value ?? "");
    const news = input.value ? lacking || "Long enough." : advice;
    // A live region speaks whenever it is written to, also with the same words.
    if (hint.textContent !== news) {
      hint.textContent = news;
    }
  });
}

function whatLacks(password, minLength, username) {
  if (password.length < minLength) {
    return `Too short: ${minLength} characters or more.`;
  }
  const folded = password.toLowerCase();
  if (username.length > 2 && folded.includes(username.toLowerCase())) {
    return "Easy to guess: it holds your user name.";
  }
  if (new Set(folded).size < 6) {
    return "Easy to guess: the same few characters again and again.";
  }
  if (/^\W*[a-z]+[\W\d]*$/.test(folded)) {
    return "Easy to guess if this is a word: take four or more unrelated words.";
  }
  return "";
}
