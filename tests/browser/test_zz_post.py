import io,time,statistics as st
import httpx,pytest
from PIL import Image, ImageDraw
from bench.web import session_of
def pad():
    im=Image.new("RGB",(1600,1200),"#fffefa"); d=ImageDraw.Draw(im)
    d.line([(480,300),(1120,300),(800,660),(640,960)],fill="#1b2a5c",width=52,joint="curve")
    im=im.resize((800,600),Image.LANCZOS); b=io.BytesIO(); im.save(b,"PNG"); return b.getvalue()
@pytest.mark.browser
def test_post(alice, server, model):
    h=session_of(alice); data=pad()
    with httpx.Client(headers=h) as c:
        for n,f in (("health",lambda: c.get(server.url+"/healthz")),("desk",lambda: c.get(server.url+"/")),("preview",lambda: c.post(server.url+"/preview/",files={"image":("d.png",data,"image/png")},data={"mode":"auto"}))):
            f();f()
            ts=[]
            for _ in range(20):
                s=time.perf_counter(); r=f(); ts.append(1000*(time.perf_counter()-s)); assert r.status_code==200
            print(n,"median",round(st.median(ts),1),"min",round(min(ts),1))
