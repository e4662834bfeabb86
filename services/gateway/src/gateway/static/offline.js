// The page for no connection goes away by itself once there is one.
addEventListener("online", () => location.reload());
document.querySelector("[data-reload]").addEventListener("click", (event) => {
  event.preventDefault();
  location.reload();
});
