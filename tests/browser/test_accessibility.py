"""What a screen reader and a keyboard find on each page, by axe-core and by hand."""

from pathlib import Path

import pytest
from support.needed import go_without

pytestmark = pytest.mark.slow

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"

SERIOUS = """async () => {
  const { violations } = await axe.run(document, { resultTypes: ["violations"] });
  return violations
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join(" | ")}`);
}"""

# What the keyboard reaches and nobody sees when it does.
UNSEEN = """() => {
  const seen = (element) => {
    element.focus();
    for (let node = element; node; node = node.parentElement) {
      const { opacity, visibility, display } = getComputedStyle(node);
      if (opacity === "0" || visibility === "hidden" || display === "none") return false;
    }
    return true;
  };
  const reached = document.querySelectorAll(
    "[data-testid=stMain] :is(a[href], button, [tabindex='0']):not([disabled])"
  );
  const unseen = [...reached].filter((element) => element.offsetParent && !seen(element));
  return unseen.map((element) => element.outerHTML.slice(0, 120));
}"""


@pytest.mark.parametrize(
    ("path", "dark", "title"),
    [
        ("", True, "Compare · gradflow"),
        ("paths", False, "Paths · gradflow"),
        ("derivation", True, "Derivation · gradflow"),
        ("model", False, "Your model · gradflow"),
        ("learning", False, "Learning · gradflow"),
    ],
)
def test_a_page_has_a_title_and_nothing_serious(open_page, path, dark, title):
    if not AXE.exists():
        go_without("needs axe-core: npm ci")
    tab = open_page(path, dark=dark)
    assert tab.page.title() == title
    tab.page.add_script_tag(path=AXE)
    assert tab.page.evaluate(SERIOUS) == []
    tab.page.add_style_tag(content="* { transition: none !important }")
    assert tab.page.evaluate(UNSEEN) == []
