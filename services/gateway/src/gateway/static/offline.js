// The page for no connection goes away by itself once there is one.
const again = () => location.reload();
addEventListener("online", again);
setInterval(() => fetch("/manifest.webmanifest", { cache: "no-store" }).then(again, () => {}), 4000);
document.querySelector("[data-reload]").addEventListener("click", (event) => {
  event.preventDefault();
  again();
});
