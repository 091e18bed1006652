import pytest
from hypothesis import given
from hypothesis import strategies as st

from leadlight.core.identity.networks.classify import NetworkClass
from leadlight.core.identity.networks.name_rules import class_by_name


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Nordfjord Telekom AS", "isp"),
        ("COMUNICACIONES DEL SUR S.A.", "isp"),
        ("Fibra Óptica Andina", "isp"),
        ("Stadtnetz Beispiel GmbH", "isp"),
        ("Prairie Rural Electric Cooperative Broadband", "isp"),
        ("JOSE DA SILVA PROVEDOR DE INTERNET - ME", "isp"),
        ("Blue River Wireless LLC", "isp"),
        ("Sahara Mobile Telecommunications", "mobile"),
        ("Andes Telefonía Celular S.A.", "mobile"),
        ("Polder Hosting B.V.", "hosting"),
        ("RECHENZENTRUM BEISPIEL GMBH", "hosting"),
        ("Quick VPS LLC", "hosting"),
        ("Sample Datacenter Ltd", "hosting"),
        ("Meridian Cloud Services", "hosting"),
        ("Hostzeile LLC", "hosting"),
        ("Serverwiese", "hosting"),
        ("ORNEK VERI MERKEZI A.S.", "hosting"),
        ("Perviy Primer TSOD LLC", "hosting"),
        ("Chinanet Sample Province IDC network", "hosting"),
        ("Sample Cloud Internet Technology Ltd", "hosting"),
        ("Cooperativa de Obras y Servicios Publicos de Ejemplo", "isp"),
        ("Sampleville Utilities Authority", "isp"),
        ("Spoldzielnia Mieszkaniowa Przyklad", "isp"),
        ("PE Primerenko Ivan Petrovich", "isp"),
        ("PT Contoh Lintas Nusantara", "isp"),
        ("Primercom OOD", "isp"),
        ("Hidden VPN Ltd", "vpn"),
        ("University of Somewhere", "education"),
        ("Université de Quelque Part", "education"),
        ("Hochschule Beispielstadt", "education"),
        ("UNIWERSYTET PRZYKLADOWY", "education"),
        ("Springfield Unified School District", "education"),
        ("City University of Somewhere", "education"),
        ("Somewhere Intermediate Unit 12", "education"),
        ("Ministerio de Ejemplos", "government"),
        ("Empresa de Tecnologia da Informacao do Estado de Exemplo", "government"),
        ("Exempel lans landsting", "government"),
        ("City of Springfield", "government"),
        ("Gemeente Voorbeeld", "government"),
        ("Prefeitura Municipal de Exemplo", "government"),
        ("Harbor Mills, Inc.", "business"),
        ("Beispiel Versicherung AG", "business"),
        ("First Bank of Somewhere", "business"),
    ],
)
def test_networks_are_told_by_their_names_in_many_languages(name: str, kind: str) -> None:
    assert class_by_name(name)[0] == kind


@pytest.mark.parametrize(
    "name",
    ["Host Hotels & Resorts, Inc.", "Hostess Brands, LLC", "Hostelworld Group", "Weber GmbH", "Cloud Peak Energy Inc."],
)
def test_a_companys_name_that_sounds_like_a_hosts_is_no_host(name: str) -> None:
    assert class_by_name(name)[0] != "hosting"


def test_a_number_that_a_registry_keeps_back_is_nobodys() -> None:
    assert class_by_name("-Reserved AS-") == (None, "")


def test_a_rule_has_a_label_that_can_be_shown() -> None:
    assert class_by_name("Polder Hosting B.V.") == ("hosting", "hosting")
    assert class_by_name("Zyx") == (None, "")


def test_the_handle_before_a_name_is_no_part_of_it() -> None:
    assert class_by_name("HOSTING-AS-AP - Norrvik University") == class_by_name("Norrvik University")


@given(st.text(max_size=400))
def test_any_name_has_a_class_or_none(name: str) -> None:
    kind, label = class_by_name(name)

    assert (kind is None and not label) or (NetworkClass(kind or "") and label)
