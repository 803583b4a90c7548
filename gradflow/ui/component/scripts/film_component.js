// What Streamlit calls, whenever it has another film to show; a downloaded film calls it once.

import { Film } from "./film.js";

export default function mountFilm({ data, parentElement }) {
  const element = parentElement.querySelector(".gradflow-film");
  const film = (element.film ??= new Film(element));
  film.show(data).catch((error) => film.tell(`The pictures cannot be shown here: ${error}`));
  return () => film.pause();
}
