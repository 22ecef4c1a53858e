// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Combinators;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Label;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.simvm.settings.DomainDocument.Element;

@Label("A domain document")
class DomainDocumentTests {

    @Example
    @Label("knows each element's place, whatever stands around it")
    void places() throws Exception {
        String xml = "\uFEFF<?xml version='1.0' encoding='UTF-8'?>\r\n<!-- <a> \u00e4\ud83d\ude00 "
                + "-->\r\n"
                + "<r x='>'>\u00e4\ud83d\ude00 &amp;&#x41;<![CDATA[<no/>]]>\r\n\t<a  "
                + "y = \"1\" ><?p <q/> "
                + "?>text</a ><b/>\n</r>\n<!-- -->";
        DomainDocument document = DomainDocument.parse(xml, "x");
        Element root = document.root();
        Element a = root.child("a").orElseThrow();
        Element b = root.child("b").orElseThrow();
        assertEquals("<a  y = \"1\" ><?p <q/> ?>text</a >", xml.substring(a.start(), a.end()));
        assertEquals("<?p <q/> ?>text", xml.substring(a.contentStart(), a.contentEnd()));
        assertEquals("<b/>", xml.substring(b.start(), b.end()));
        assertTrue(b.emptyTag());
        assertFalse(a.emptyTag());
        assertEquals("\u00e4\ud83d\ude00 &A<no/>\n\t\n", root.text());
        assertEquals(List.of(3, 4, 2), List.of(root.line(), a.line(), a.column()));
        assertEquals("1", a.attribute("y").orElseThrow());
        assertEquals("<r x='>'>", xml.substring(root.start(), root.contentStart()));
        assertTrue(xml.substring(root.end()).startsWith("\n<!--"));
    }

    @Property(tries = 300)
    @Label("every element's text parses to the same element again")
    void placesOfAnyDocument(@ForAll("documents") String xml) throws Exception {
        DomainDocument document = DomainDocument.parse(xml, "x");
        check(document, document.root());
    }

    private static void check(DomainDocument document, Element element) throws Exception {
        String text = document.text().substring(element.start(), element.end());
        Element again = DomainDocument.parse(text, "part").root();
        assertEquals(element.name(), again.name());
        assertEquals(element.text(), again.text());
        assertEquals(element.children().size(), again.children().size());
        long lines = document.text()
                .substring(0, element.start())
                .chars()
                .filter(c -> c == '\n')
                .count();
        assertEquals(lines + 1, element.line());
        for (Element child : element.children()) {
            check(document, child);
        }
    }

    @Provide
    Arbitrary<String> documents() {
        return element(3);
    }

    private static Arbitrary<String> element(int depth) {
        Arbitrary<String> filler = Arbitraries.of(
                "",
                " ",
                "\n",
                "\r\n",
                "x",
                "&lt;",
                "\u00e4",
                "\ud83d\ude00",
                "<!-- <c> -->",
                "<![CDATA[</a>]]>",
                "<?pi > ?>",
                "]]&gt;");
        Arbitrary<String> tag = Arbitraries.of("a", "b", "sim", "memory");
        Arbitrary<String> attribute = Arbitraries.of("", " q='>'", " q = \"/>'\"", "\n q='&#10;'");
        Arbitrary<String> empty =
                Combinators.combine(tag, attribute).as((t, a) -> "<" + t + a + "/>");
        if (depth == 0) {
            return empty;
        }
        Arbitrary<String> content = Arbitraries.oneOf(filler, element(depth - 1))
                .list()
                .ofMaxSize(5)
                .map(parts -> String.join("", parts));
        return Arbitraries.oneOf(
                empty,
                Combinators.combine(tag, attribute, content)
                        .as((t, a, c) -> "<" + t + a + ">" + c + "</" + t + " >"));
    }
}
