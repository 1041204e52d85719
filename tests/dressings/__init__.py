"""One set of facts in many dresses: register files as offices write them."""
